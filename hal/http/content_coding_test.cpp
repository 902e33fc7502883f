#include <hal/http/content_coding.hpp>

#include <gtest/gtest.h>

namespace hal::http {
namespace {

using wire::gzip;

transport::HttpRequest request_with(std::string_view coding, std::string body) {
  return {.method = "POST",
          .headers = {{"Content-Encoding", coding}, {"Content-Length", "7"}, {"a", "b"}},
          .body = std::move(body)};
}

TEST(ContentCoding, AGzipRequestBecomesItsContent) {
  for (const std::string_view coding : {"gzip", "GZip", "x-gzip"}) {
    auto request = request_with(coding, gzip("hello"));
    ASSERT_TRUE(decode_request(request, {}));
    EXPECT_EQ(request.body, "hello");
    EXPECT_FALSE(request.headers.contains("content-encoding"));
    EXPECT_FALSE(request.headers.contains("content-length"));
    EXPECT_EQ(request.headers.get("a"), "b");
  }
}

TEST(ContentCoding, OtherCodingsStayAsTheyAre) {
  for (const std::string_view coding : {"br", "identity", "gzip, gzip", "gzip,br", ""}) {
    auto request = request_with(coding, "bytes");
    ASSERT_TRUE(decode_request(request, {}));
    EXPECT_EQ(request.body, "bytes");
    EXPECT_EQ(request.headers.get("content-encoding"), coding);
  }
  transport::HttpRequest twice{
      .headers = {{"content-encoding", "gzip"}, {"content-encoding", "br"}}, .body = gzip("x")};
  ASSERT_TRUE(decode_request(twice, {}));
  EXPECT_EQ(twice.body, gzip("x"));
  transport::HttpRequest none{.body = "plain"};
  ASSERT_TRUE(decode_request(none, {}));
  EXPECT_EQ(none.body, "plain");
}

TEST(ContentCoding, ABadRequestIs400AndATooLongOne413) {
  struct {
    std::string body;
    int status;
    const char* message;
  } const cases[] = {
      {"plain text", 400, "body: gzip: incorrect header check at byte 2"},
      {"", 400, "body: gzip: it ends too early, at byte 0"},
      {gzip("hello").substr(0, 12), 400, "body: gzip: it ends too early, at byte 12"},
      {gzip(std::string(101, 'x')), 413,
       "body: gzip: the content is longer than the limit of 100 "
       "bytes"},
  };
  for (const auto& one : cases) {
    auto request = request_with("gzip", one.body);
    const auto decoded = decode_request(request, {.output_bytes_max = 100});
    ASSERT_FALSE(decoded) << one.message;
    EXPECT_EQ(decoded.error().http_status, one.status);
    EXPECT_EQ(decoded.error().status.message(), one.message);
  }
}

TEST(ContentCoding, GzipIsOfferedOnce) {
  Headers headers;
  EXPECT_TRUE(offer_gzip("GET", headers));
  EXPECT_EQ(headers.get("accept-encoding"), "gzip");
  EXPECT_FALSE(offer_gzip("GET", headers)) << "who names it decodes it";
  Headers range{{"Range", "bytes=0-9"}};
  EXPECT_FALSE(offer_gzip("GET", range));
  Headers head;
  EXPECT_FALSE(offer_gzip("HEAD", head));
  EXPECT_EQ(head.size(), 0U);
}

TEST(ContentCoding, AGzipResponseBecomesItsContent) {
  Response response{.headers = {{"content-encoding", "gzip"}, {"content-length", "25"}},
                    .body = gzip("hello")};
  ASSERT_TRUE(decode_response(response, {}));
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.headers.empty());

  Response nothing{.status = 304, .headers = {{"content-encoding", "gzip"}}};
  EXPECT_TRUE(decode_response(nothing, {}));
  EXPECT_EQ(nothing.headers.get("content-encoding"), "gzip");

  Response plain{.body = "plain"};
  EXPECT_TRUE(decode_response(plain, {}));
  EXPECT_EQ(plain.body, "plain");
}

TEST(ContentCoding, ABadResponseIsTheServersFault) {
  Response broken{.headers = {{"content-encoding", "gzip"}}, .body = "plain"};
  EXPECT_EQ(decode_response(broken, {}).error().to_string(),
            "INTERNAL: the response: gzip: incorrect header check at byte 2");
  Response bomb{.headers = {{"content-encoding", "gzip"}}, .body = gzip(std::string(1001, 'x'))};
  EXPECT_EQ(decode_response(bomb, {.output_bytes_max = 1000}).error().code(), Code::kInternal);
}

}  // namespace
}  // namespace hal::http
