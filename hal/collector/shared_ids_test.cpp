#include <hal/collector/shared_ids.hpp>

#include <gmock/gmock.h>

#include <hal/collector/store.hpp>
#include <hal/collector/testing/traces.hpp>
#include <hal/collector/trace_check.hpp>

#include <map>

namespace hal::collector {
namespace {

using testing::SpanSpec;

constexpr auto kClient = SpanKind::kClient;
constexpr auto kServer = SpanKind::kServer;

/// Each span's name with that of its parent, after the split: "greeter server < api client".
std::vector<std::string> tree(const std::vector<SpanSpec>& specs, bool shared = true) {
  auto trace = testing::make_trace(specs);
  for (Span& span : trace.spans) span.shared = shared && span.kind == kServer;
  split_shared_ids(trace.spans);
  std::map<SpanId, std::string> names;
  for (const Span& span : trace.spans) {
    EXPECT_TRUE(names.emplace(span.span_id, span.name).second) << span.name;
  }
  std::vector<std::string> lines;
  for (const Span& span : trace.spans) {
    const auto parent = names.find(span.parent_id);
    lines.push_back(span.name + " < " +
                    (span.is_root()          ? ""
                     : parent == names.end() ? "?"
                                             : parent->second));
  }
  return lines;
}

using ::testing::ElementsAre;

TEST(SharedIds, TheServersHalfBecomesAChildOfTheClients) {
  const std::vector<SpanSpec> spans{
      {.id = "1", .service = "api", .name = "in", .kind = kServer},
      {.id = "2", .parent = "1", .service = "api", .name = "call", .kind = kClient},
      {.id = "2", .parent = "1", .service = "greeter", .name = "serve", .kind = kServer},
      {.id = "3", .parent = "2", .service = "greeter", .name = "work"},
      {.id = "4", .parent = "2", .service = "api", .name = "encode"},
      {.id = "5", .parent = "2", .service = "other", .name = "deeper", .kind = kServer}};
  const auto expected = ElementsAre("in < ", "call < in", "serve < call", "work < serve",
                                    "encode < call", "deeper < serve");
  EXPECT_THAT(tree(spans), expected);
  EXPECT_THAT(tree(spans, false), expected);  // many clients leave the flag out
}

TEST(SharedIds, TheOrderOfArrivalDoesNotMatter) {
  EXPECT_THAT(
      tree({{.id = "3", .parent = "2", .service = "greeter", .name = "work"},
            {.id = "2", .parent = "1", .service = "greeter", .name = "serve", .kind = kServer},
            {.id = "2", .service = "api", .name = "call", .kind = kClient}}),
      ElementsAre("work < serve", "serve < call", "call < "));
}

TEST(SharedIds, ASidecarAndItsServiceBothJoin) {
  EXPECT_THAT(
      tree({{.id = "2", .service = "api", .name = "call", .kind = kClient},
            {.id = "2", .service = "app", .name = "app", .kind = kServer, .start_us = 20},
            {.id = "2", .service = "sidecar", .name = "sidecar", .kind = kServer, .start_us = 10},
            {.id = "3", .parent = "2", .service = "app", .name = "work", .start_us = 30}}),
      ElementsAre("call < ", "app < sidecar", "sidecar < call", "work < app"));
}

TEST(SharedIds, ProducersAndConsumersShareAsWell) {
  EXPECT_THAT(tree({{.id = "2", .service = "a", .name = "send", .kind = SpanKind::kProducer},
                    {.id = "2", .service = "b", .name = "take", .kind = SpanKind::kConsumer}}),
              ElementsAre("send < ", "take < send"));
}

TEST(SharedIds, TheCallerMayHaveSentNothing) {
  const std::vector<SpanSpec> alone{
      {.id = "2", .parent = "1", .service = "greeter", .name = "serve", .kind = kServer},
      {.id = "3", .parent = "2", .service = "greeter", .name = "work"}};
  EXPECT_THAT(tree(alone), ElementsAre("serve < ?", "work < serve"));
  const std::vector<SpanSpec> two{
      {.id = "2", .parent = "1", .service = "sidecar", .name = "sidecar", .kind = kServer},
      {.id = "2", .parent = "1", .service = "app", .name = "app", .kind = kServer, .start_us = 5}};
  EXPECT_THAT(tree(two), ElementsAre("sidecar < ?", "app < sidecar"));
}

TEST(SharedIds, OneIdForNoReasonStays) {
  for (const auto kind : {kServer, kClient, SpanKind::kInternal}) {
    auto trace = testing::make_trace({{.id = "2", .name = "a", .kind = kind},
                                      {.id = "2", .name = "b", .kind = kind, .start_us = 5}});
    split_shared_ids(trace.spans);
    EXPECT_EQ(trace.spans[0].span_id, trace.spans[1].span_id);
  }
}

TEST(SharedIds, AStoredTraceIsWholeAndTheSameEachTime) {
  Store store;
  auto spans = testing::make_trace({{.id = "2", .service = "api", .kind = kClient},
                                    {.id = "2", .service = "greeter", .kind = kServer},
                                    {.id = "3", .parent = "2", .service = "greeter"}})
                   .spans;
  store.add(spans);
  const auto trace = store.find(spans.front().trace_id);
  ASSERT_TRUE(trace);
  EXPECT_TRUE(check(*trace).whole());
  const auto again = store.recent(1).front();
  ASSERT_EQ(again.spans.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(again.spans[i].span_id, trace->spans[i].span_id);
}

}  // namespace
}  // namespace hal::collector
