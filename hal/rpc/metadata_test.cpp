#include <hal/rpc/metadata.hpp>

#include <gtest/gtest.h>

namespace hal::rpc {
namespace {

struct AddCase {
  std::string_view key;
  std::string_view value;
  std::string_view sent_key;  // empty: refused
  std::string_view sent_value;
};

TEST(Metadata, pairs_go_out_as_the_protocol_spells_them) {
  using namespace std::string_view_literals;
  for (const auto& [key, value, sent_key, sent_value] : std::initializer_list<AddCase>{
           {"x-user", "ada", "x-user", "ada"},
           {"X-User_1.a", "with space", "x-user_1.a", "with space"},
           {"x-empty", "", "x-empty", ""},
           {"x-data-bin", "\0\xff\x10"sv, "x-data-bin", "AP8Q"},
           {"X-Data-Bin", "a", "x-data-bin", "YQ"},
           {"authorization", "Bearer x", "authorization", "Bearer x"},
           {"", "x", "", ""},
           {"x user", "x", "", ""},
           {"x\xc3\xa4", "x", "", ""},
           {"x-user", "\xc3\xa4", "", ""},
           {"x-user", "line\nbreak", "", ""},
           {":path", "/x", "", ""},
           {"grpc-status", "0", "", ""},
           {"Grpc-Timeout", "1S", "", ""},
           {"content-type", "x", "", ""},
           {"te", "x", "", ""},
           {"user-agent", "x", "", ""},
           {"connection", "close", "", ""},
       }) {
    Headers out;
    const auto added = add_metadata(key, value, out);
    ASSERT_EQ(added.has_value(), !sent_key.empty()) << key;
    if (added) {
      EXPECT_EQ(out.at(0), (Headers::Field{sent_key, sent_value})) << key;
      EXPECT_EQ(metadata_value(out, sent_key), value) << key;
    } else {
      EXPECT_TRUE(out.empty());
      EXPECT_EQ(added.error().code(), Code::kInvalidArgument);
    }
  }
}

TEST(Metadata, values_as_other_implementations_send_them) {
  const Headers headers{{"a-bin", "AP8Q"},      {"b-bin", "YQ=="}, {"c-bin", "YQ,Yg"},
                        {"d-bin", "not base!"}, {"e", "1"},        {"e", "2"}};
  EXPECT_EQ(metadata_value(headers, "a-bin"), std::string("\0\xff\x10", 3));
  EXPECT_EQ(metadata_value(headers, "b-bin"), "a");
  EXPECT_EQ(metadata_value(headers, "c-bin"), "a");
  EXPECT_EQ(metadata_value(headers, "d-bin"), std::nullopt);
  EXPECT_EQ(metadata_value(headers, "e"), "1");
  EXPECT_EQ(metadata_value(headers, "f"), std::nullopt);
}

TEST(Metadata, copying_leaves_the_protocols_own_fields_behind) {
  const Headers from{{":status", "200"}, {"content-type", "application/grpc"},
                     {"x-a", "1"},       {"grpc-encoding", "identity"},
                     {"x-a", "2"},       {"grpc-message", "m"}};
  Headers to{{"x-before", "0"}};
  copy_metadata(from, to);
  ASSERT_EQ(to.size(), 3);
  EXPECT_EQ(to.at(0), (Headers::Field{"x-before", "0"}));
  EXPECT_EQ(to.at(1), (Headers::Field{"x-a", "1"}));
  EXPECT_EQ(to.at(2), (Headers::Field{"x-a", "2"}));
}

TEST(Metadata, a_status_comes_back_as_it_went) {
  for (const Status& status :
       {Status{}, Status{Code::kNotFound, "no such user"},
        Status{Code::kInternal, "100 % Übel\n\x01"}, Status{Code::kUnauthenticated, ""}}) {
    Headers headers;
    add_status(status, headers);
    EXPECT_EQ(headers.contains("grpc-message"), !status.message().empty());
    for (const auto field : headers) {
      for (const char c : field.value) EXPECT_TRUE(c >= 0x20 && c <= 0x7e);
    }
    EXPECT_EQ(status_from(headers), status);
  }
}

TEST(Metadata, a_status_that_makes_no_sense_is_unknown) {
  EXPECT_EQ(status_from({}), std::nullopt);
  EXPECT_EQ(status_from({{"grpc-message", "x"}}), std::nullopt);
  EXPECT_EQ(status_from({{"grpc-status", "99"}})->code(), Code::kUnknown);
  EXPECT_EQ(status_from({{"grpc-status", "abc"}})->code(), Code::kUnknown);
  EXPECT_EQ(status_from({{"grpc-status", "-1"}})->code(), Code::kUnknown);
  EXPECT_EQ(status_from({{"grpc-status", ""}})->code(), Code::kUnknown);
}

}  // namespace
}  // namespace hal::rpc
