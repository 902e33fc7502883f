#include <hal/discovery/kubernetes/json_pruner.hpp>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Fields wanted() {
  return {.name{},
          .inside = {{.name = "name"},
                     {.name = "status",
                      .inside = {{.name = "ip"}, {.name = "list", .inside = {{.name = "a"}}}}},
                     {.name = "notes", .inside = {{.name = "x/*"}}}}};
}

/// What is kept of one document that comes in pieces of `piece_bytes`.
std::vector<std::string> pruned(std::string_view text, Fields fields,
                                std::size_t piece_bytes = 1000) {
  JsonPruner pruner{std::move(fields)};
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    EXPECT_TRUE(pruner.feed(text.substr(at, piece_bytes)));
  }
  const auto end = pruner.end_document();
  EXPECT_TRUE(end) << end.error().to_string();
  std::vector<std::string> kept;
  for (const auto& value : pruner.take()) kept.push_back(json::serialize(value));
  return kept;
}

TEST(JsonPruner, KeepsWhatIsWantedInPiecesOfAnySize) {
  constexpr std::string_view kText =
      R"( {"a":[1,{"name":"no"}],"name":"yes é\n","status":{"ip":"1.2.3.4","more":{"ip":1},)"
      R"("list":[{"a":1,"b":2},3,{"b":[[]]}]},"notes":{"x/1":-1,"y":2,)"
      R"("x/2":{"deep":[true,null,1.5]}},)"
      R"("big":18446744073709551615}  )";
  constexpr std::string_view kKept =
      R"({"name":"yes é\n","status":{"ip":"1.2.3.4","list":[{"a":1},3,{}]},)"
      R"("notes":{"x/1":-1,"x/2":{"deep":[true,null,1.5E0]}}})";
  for (const std::size_t bytes : {1U, 2U, 3U, 7U, 1000U}) {
    EXPECT_THAT(pruned(kText, wanted(), bytes), ElementsAre(kKept)) << bytes;
  }
}

TEST(JsonPruner, HandsOutTheElementsOfAList) {
  const Fields list{.name{},
                    .inside = {{.name = "items", .inside = {{.name = "name"}}, .each = true},
                               {.name = "version"}}};
  for (const std::size_t bytes : {1U, 1000U}) {
    EXPECT_THAT(
        pruned(R"({"items":[{"name":"a","items":[{"name":"x"}]},{"b":1}],"version":7,"c":1})", list,
               bytes),
        ElementsAre(R"({"name":"a"})", "{}", R"({"items":[],"version":7})"))
        << bytes;
  }
}

TEST(JsonPruner, ReadsOneDocumentAfterTheOther) {
  JsonPruner pruner{wanted()};
  for (const char* text : {R"({"name":1})", R"({"name":2})"}) {
    ASSERT_TRUE(pruner.feed(text));
    ASSERT_TRUE(pruner.end_document());
  }
  EXPECT_EQ(pruner.take().size(), 2U);
  EXPECT_TRUE(pruner.take().empty());
}

TEST(JsonPruner, RefusesWhatIsNoJson) {
  for (const char* text : {"{\"a\":}", "hello", "{\"a\":1}}", "{\"a\":1}{"}) {
    JsonPruner pruner{wanted()};
    auto result = pruner.feed(text);
    if (result) result = pruner.end_document();
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code(), Code::kInternal);
    EXPECT_THAT(result.error().message(), HasSubstr("not JSON"));
  }
  for (const char* text : {"", "{\"a\":", "[1,2"}) {
    JsonPruner pruner{wanted()};
    ASSERT_TRUE(pruner.feed(text));
    EXPECT_FALSE(pruner.end_document()) << text;
  }
}

TEST(JsonPruner, HasLimits) {
  const std::string text =
      R"({"skip":")" + std::string(10'000, 'x') + R"(","name":")" + std::string(200, 'y') + "\"}";
  JsonPruner enough{wanted(), {.kept_bytes_max = 300}};
  EXPECT_TRUE(enough.feed(text)) << "what is not kept does not count";
  JsonPruner few{wanted(), {.kept_bytes_max = 100}};
  const auto over = few.feed(text);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kResourceExhausted);
  EXPECT_THAT(over.error().message(), HasSubstr("more than 100 bytes"));
  JsonPruner in_pieces{wanted(), {.kept_bytes_max = 300}};
  for (const char c : text) EXPECT_TRUE(in_pieces.feed({&c, 1})) << "a value counts once";
  std::string empty_ones = R"({"name":[{})";
  for (int i = 0; i < 20; ++i) empty_ones += ",{}";
  EXPECT_FALSE(JsonPruner(wanted(), {.kept_bytes_max = 300}).feed(empty_ones + "]}"))
      << "what is empty takes memory, too";
  JsonPruner flat{wanted(), {.depth_max = 4}};
  EXPECT_TRUE(flat.feed("[[[[]"));
  EXPECT_FALSE(JsonPruner(wanted(), {.depth_max = 4}).feed("[[[[[]"));
}

}  // namespace
}  // namespace hal::discovery::kubernetes
