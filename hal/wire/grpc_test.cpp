#include <hal/wire/grpc.hpp>

#include <hal/wire/gzip.hpp>

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::wire::grpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> read(MessageReader& reader, std::string_view bytes, std::size_t piece) {
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.put(bytes.substr(at, piece));
    for (auto next = reader.next(); next && *next; next = reader.next()) {
      messages.push_back(std::move(**next));
    }
  }
  return messages;
}

TEST(GrpcMessages, AreCutOutOfAnyPieces) {
  std::string bytes;
  write_message("one", bytes);
  write_message("", bytes);
  write_message(std::string(300, 'x'), bytes);
  EXPECT_EQ(bytes.substr(0, 8), (std::string{"\0\0\0\0\3one", 8}));
  EXPECT_EQ(bytes.substr(13, 5), (std::string{"\0\0\0\1\x2c", 5}));
  for (const std::size_t piece : {1U, 2U, 5U, 6U, 1000U}) {
    MessageReader reader;
    EXPECT_THAT(read(reader, bytes, piece), ElementsAre("one", "", std::string(300, 'x')));
    EXPECT_TRUE(reader.finish().has_value());
  }
}

TEST(GrpcMessages, PrefixIsBigEndian) {
  EXPECT_EQ(prefix(0x01020304), (std::array<char, 5>{0, 1, 2, 3, 4}));
  EXPECT_EQ(prefix(0xfffffffeU)[4], '\xfe');
}

TEST(GrpcMessages, WrongOnesAreRefusedByTheirPrefix) {
  const struct {
    std::string_view prefix;
    const char* encoding;
    Code code;
    const char* says;
  } cases[] = {
      {{"\0\0\0\0\x0b", 5}, "", Code::kResourceExhausted, "larger than max (11 vs. 10)"},
      {{"\0\xff\xff\xff\xff", 5}, "", Code::kResourceExhausted, "4294967295 vs. 10"},
      {{"\1\0\0\0\1", 5}, "", Code::kInternal, "without a grpc-encoding"},
      {{"\1\0\0\0\1", 5}, "identity", Code::kInternal, "without a grpc-encoding"},
      {{"\1\0\0\0\1", 5}, "snappy", Code::kUnimplemented, "'snappy'"},
      {{"\1\0\0\0\x0b", 5}, "gzip", Code::kResourceExhausted, "larger than max (11 vs. 10)"},
      {{"\2\0\0\0\1", 5}, "gzip", Code::kInternal, "flag 2"},
      {{"\xff\0\0\0\1", 5}, "", Code::kInternal, "flag 255"},
  };
  for (const auto& wrong : cases) {
    SCOPED_TRACE(wrong.says);
    MessageReader reader{{.max_bytes = 10, .encoding = wrong.encoding}};
    std::string bytes;
    write_message("0123456789", bytes);
    bytes.append(wrong.prefix);
    EXPECT_THAT(read(reader, bytes, 4), ElementsAre("0123456789")) << "earlier ones are given";
    reader.put("more");
    const auto next = reader.next();
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().code(), wrong.code);
    EXPECT_THAT(next.error().message(), HasSubstr(wrong.says));
    EXPECT_EQ(reader.finish().error(), next.error());
  }
}

/// A prefix with the compressed flag, and what stands for a message.
std::string compressed(std::string_view bytes) {
  std::string message;
  write_message(bytes, message);
  message[0] = 1;
  return message;
}

TEST(GrpcMessages, GzipIsDecompressed) {
  std::string bytes = compressed(gzip("one"));
  write_message("plain", bytes);
  bytes += compressed(gzip(""));
  bytes += compressed(gzip(std::string(300, 'x')));
  for (const std::size_t piece : {1U, 7U, 1000U}) {
    MessageReader reader{{.encoding = "gzip"}};
    EXPECT_THAT(read(reader, bytes, piece), ElementsAre("one", "plain", "", std::string(300, 'x')));
    EXPECT_TRUE(reader.finish().has_value());
  }
}

TEST(GrpcMessages, WrongGzipIsRefused) {
  const std::tuple<std::string, Code, const char*> cases[] = {
      {"no gzip", Code::kInternal, "incorrect header check"},
      {gzip("cut").substr(0, 12), Code::kInternal, "ends too early"},
      {"", Code::kInternal, "ends too early"},
      {gzip(std::string(101, 'x')), Code::kResourceExhausted, "limit of 100 bytes"},
  };
  for (const auto& [bytes, code, says] : cases) {
    SCOPED_TRACE(says);
    MessageReader reader{{.max_bytes = 100, .encoding = "gzip"}};
    reader.put(compressed(bytes) + compressed(gzip("late")));
    const auto next = reader.next();
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().code(), code);
    EXPECT_THAT(next.error().message(), HasSubstr(says));
  }
}

TEST(GrpcMessages, WhatWaitsIsNotDecompressed) {
  const std::string content(64 * 1024, 'x');
  const std::string small = compressed(gzip(content));
  ASSERT_LT(small.size(), 400U);
  std::string window;
  constexpr std::size_t kMessages = 1000;
  for (std::size_t i = 0; i < kMessages; ++i) window += small;
  MessageReader reader{{.encoding = "gzip"}};
  reader.put(window.substr(0, 1000));
  reader.put(window.substr(1000));
  for (std::size_t left = kMessages; left > 0; --left) {
    EXPECT_LE(reader.waiting_bytes(), left * small.size());
    const auto next = reader.next();
    ASSERT_TRUE(next && *next);
    ASSERT_TRUE(**next == content);
  }
  EXPECT_EQ(reader.waiting_bytes(), 0U);
  EXPECT_TRUE(reader.finish().has_value());
}

TEST(GrpcMessages, ADamagedOneIsFoundWhenItIsItsTurn) {
  MessageReader reader{{.encoding = "gzip"}};
  reader.put(compressed(gzip("one")) + compressed("damaged") + compressed(gzip("late")));
  ASSERT_EQ(reader.next(), "one");
  EXPECT_EQ(reader.next().error().code(), Code::kInternal);
  reader.put(compressed(gzip("later")));
  EXPECT_EQ(reader.next().error().code(), Code::kInternal);
  EXPECT_EQ(reader.finish().error().code(), Code::kInternal);
}

TEST(GrpcMessages, ACutOneIsAnError) {
  MessageReader reader;
  reader.put({"\0\0", 2});
  EXPECT_THAT(reader.finish().error().message(), HasSubstr("prefix"));
  reader.put({"\0\0\2a", 4});
  EXPECT_EQ(reader.finish().error().code(), Code::kInternal);
  EXPECT_THAT(reader.finish().error().message(), HasSubstr("1 of 2"));
  reader.put("b");
  EXPECT_TRUE(reader.finish().has_value());
}

TEST(GrpcTimeout, IsWrittenAndReadAlike) {
  const struct {
    nanoseconds timeout;
    const char* text;
  } cases[] = {{1ns, "1n"},        {99'999'999ns, "99999999n"}, {100ms, "100000u"},
               {1s, "1000000u"},   {99s, "99000000u"},          {100s, "100000m"},
               {15min, "900000m"}, {100'000s, "100000S"},       {24h * 365 * 4, "2102400M"}};
  for (const auto& [timeout, text] : cases) {
    EXPECT_EQ(format_timeout(timeout), text);
    EXPECT_EQ(parse_timeout(text), timeout);
  }
}

TEST(GrpcTimeout, IsRoundedDown) {
  EXPECT_EQ(format_timeout(1'234'567'899ns), "1234567u");
  EXPECT_EQ(format_timeout(0ns), "0n");
  EXPECT_EQ(format_timeout(-5s), "0n");
  for (const nanoseconds timeout : {100'000'001ns, 100'000'000'999ns, nanoseconds::max()}) {
    EXPECT_LE(parse_timeout(format_timeout(timeout)), timeout);
  }
}

TEST(GrpcTimeout, ReadsEveryUnitAndNothingElse) {
  EXPECT_EQ(parse_timeout("2H"), 2h);
  EXPECT_EQ(parse_timeout("3M"), 3min);
  EXPECT_EQ(parse_timeout("007S"), 7s);
  EXPECT_EQ(parse_timeout("0m"), 0ns);
  EXPECT_EQ(parse_timeout("99999999H"), nanoseconds::max());
  for (const char* bad : {"", "1", "S", "1s", "1h", "-1S", "+1S", " 1S", "1S ", "1.5S", "1 S",
                          "123456789S", "0x1S"}) {
    EXPECT_FALSE(parse_timeout(bad).has_value()) << bad;
  }
}

TEST(GrpcMessageText, TravelsAsAscii) {
  const struct {
    const char* message;
    const char* text;
  } cases[] = {{"", ""},
               {"not found", "not found"},
               {"100%", "100%25"},
               {"a\r\nb\t", "a%0D%0Ab%09"},
               {"gr\xC3\xBC\xC3\x9F", "gr%C3%BC%C3%9F"}};
  for (const auto& [message, text] : cases) {
    EXPECT_EQ(encode_message(message), text);
    EXPECT_EQ(decode_message(text), message);
  }
  for (const char* broken : {"%", "50% off", "%4", "%zz", "a%4"}) {
    EXPECT_EQ(decode_message(broken), broken);
  }
  EXPECT_EQ(decode_message("%c3%bc"), "\xC3\xBC");
}

TEST(GrpcCodes, AreMappedAsTheSpecificationsSay) {
  const struct {
    int http;
    Code code;
  } from_http[] = {{400, Code::kInternal},         {401, Code::kUnauthenticated},
                   {403, Code::kPermissionDenied}, {404, Code::kUnimplemented},
                   {429, Code::kUnavailable},      {502, Code::kUnavailable},
                   {503, Code::kUnavailable},      {504, Code::kUnavailable},
                   {500, Code::kUnknown},          {200, Code::kUnknown}};
  for (const auto& [http, code] : from_http) EXPECT_EQ(code_from_http(http), code) << http;

  const int to_http[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                         400, 409, 400, 501, 500, 503, 500, 401};
  for (std::size_t i = 0; i < std::size(to_http); ++i) {
    EXPECT_EQ(http_from_code(static_cast<Code>(i)), to_http[i]) << i;
  }

  const Code from_http2[] = {Code::kInternal,         Code::kInternal,    Code::kInternal,
                             Code::kInternal,         Code::kInternal,    Code::kUnknown,
                             Code::kInternal,         Code::kUnavailable, Code::kCancelled,
                             Code::kInternal,         Code::kInternal,    Code::kResourceExhausted,
                             Code::kPermissionDenied, Code::kUnknown};
  for (std::uint32_t i = 0; i < std::size(from_http2); ++i) {
    EXPECT_EQ(code_from_http2(i), from_http2[i]) << i;
  }
  EXPECT_EQ(code_from_http2(99), Code::kUnknown);
}

}  // namespace
}  // namespace hal::wire::grpc
