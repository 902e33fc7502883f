#include <hal/wire/http1.hpp>

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::wire::http1 {
namespace {

using ::testing::HasSubstr;

std::string text(const Headers& headers) {
  std::string all;
  for (const Headers::Field field : headers) all += fmt::format("{}={};", field.name, field.value);
  return all;
}

/// What a parser makes of a message, in a form that can be compared.
struct Outcome {
  std::string events;  // "head end" and so on; pieces of the body count once
  std::string body;
  std::size_t consumed = 0;
  std::optional<ParseError> error;
};

/// Feeds `bytes` so that `piece` more of them become visible at a time.
template <class Parser>
Outcome feed(Parser& parser, std::string_view bytes, std::size_t piece = std::string::npos) {
  Outcome outcome;
  std::size_t visible = 0;
  while (true) {
    const auto step = parser.step(bytes.substr(outcome.consumed, visible - outcome.consumed));
    if (!step) {
      outcome.error = step.error();
      return outcome;
    }
    outcome.consumed += step->consumed;
    outcome.body += step->body;
    switch (step->event) {
      case Event::kHead:
        outcome.events += "head ";
        break;
      case Event::kBody:
        if (!outcome.events.ends_with("body ")) outcome.events += "body ";
        break;
      case Event::kEnd:
        outcome.events += "end";
        return outcome;
      case Event::kNeedMore:
        if (visible == bytes.size()) return outcome;
        visible += std::min(piece, bytes.size() - visible);
    }
  }
}

struct Message {
  const char* bytes;
  const char* start;    // "METHOD target" or "status reason"
  const char* headers;  // without what the framing says
  const char* body = "";
  Framing framing{};
  bool head_request = false;
};

/// Requests and responses as this side writes them: the same table is parsed and written.
const Message kRequests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /", "Host=a;"},
    {"GET /a%20b?c=d HTTP/1.1\r\nHost: a:80\r\nX-Y:  z \t\r\nx-y: \xC3\xA4\r\n\r\n",
     "GET /a%20b?c=d", "Host=a:80;X-Y=z;x-y=\xC3\xA4;"},
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
     "POST /p",
     "Host=a;",
     "hello",
     {.content_length = 5}},
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
     "POST /p",
     "Host=a;",
     "",
     {.content_length = 0}},
    {"PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
     "PUT /p",
     "Host=a;",
     "hello",
     {.chunked = true}},
    {"GET / HTTP/1.1\r\nHost: a\r\nEmpty: \r\nConnection: close\r\n\r\n",
     "GET /",
     "Host=a;Empty=;",
     "",
     {.keep_alive = false}},
    {"OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n", "OPTIONS *", "Host=;"},
};

const Message kResponses[] = {
    {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
     "200 OK",
     "Content-Type=text/plain;",
     "hi",
     {.content_length = 2}},
    {"HTTP/1.1 204 No Content\r\n\r\n", "204 No Content", ""},
    {"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 7\r\n\r\n",
     "304 Not Modified",
     "ETag=\"a\";",
     "",
     {.content_length = 7}},
    {"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
     "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
     "404 Not Found",
     "",
     "abcdefghijklmnopqrstuvwxyz",
     {.chunked = true, .keep_alive = false}},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
     "200 OK",
     "",
     "",
     {.content_length = 1000},
     true},
};

bool framing_field(std::string_view name) {
  return name == "Content-Length" || name == "Transfer-Encoding" || name == "Connection";
}

Headers without_framing(const Headers& headers) {
  Headers rest;
  for (const Headers::Field field : headers) {
    if (!framing_field(field.name)) rest.add(field.name, field.value);
  }
  return rest;
}

void append_body(const Message& message, std::string& out) {
  if (message.framing.chunked) {
    write_chunk(message.body, out);
    write_last_chunk(out);
  } else {
    out += message.body;
  }
}

/// The bytes with the spaces of the table's values as this side writes them.
std::string normal(std::string bytes) {
  if (const auto at = bytes.find("X-Y:  z \t"); at != bytes.npos) bytes.replace(at, 9, "X-Y: z");
  return bytes;
}

class Pieces : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Http1, Pieces, testing::Values(1U, 2U, 3U, 7U, 1000U));

TEST_P(Pieces, RequestsAreReadAndWrittenAlike) {
  RequestParser parser;
  for (const Message& message : kRequests) {
    SCOPED_TRACE(message.bytes);
    const std::string bytes = std::string{message.bytes} + "GET /next HTTP/1.1\r\n";
    const Outcome outcome = feed(parser, bytes, GetParam());
    ASSERT_FALSE(outcome.error.has_value()) << outcome.error->status.to_string();
    EXPECT_EQ(outcome.events, *message.body ? "head body end" : "head end");
    EXPECT_EQ(outcome.body, message.body);
    EXPECT_EQ(outcome.consumed, std::string_view{message.bytes}.size());
    const RequestHead& head = parser.head();
    EXPECT_EQ(head.method + " " + head.target, message.start);
    EXPECT_EQ(text(without_framing(head.headers)), message.headers);
    EXPECT_EQ(head.chunked, message.framing.chunked);
    EXPECT_EQ(head.content_length, message.framing.content_length);
    EXPECT_EQ(head.keep_alive, message.framing.keep_alive);

    std::string written;
    ASSERT_TRUE(
        write_request_head(head.method, head.target, head.headers, message.framing, written));
    append_body(message, written);
    EXPECT_EQ(written.size(), normal(message.bytes).size());
    RequestParser again;
    const Outcome second = feed(again, written);
    EXPECT_EQ(second.body, message.body);
    EXPECT_EQ(text(without_framing(again.head().headers)), message.headers);
    parser.reset();
  }
}

TEST_P(Pieces, ResponsesAreReadAndWrittenAlike) {
  ResponseParser parser;
  for (const Message& message : kResponses) {
    SCOPED_TRACE(message.bytes);
    if (message.head_request) parser.expect_no_body();
    const Outcome outcome = feed(parser, message.bytes, GetParam());
    ASSERT_FALSE(outcome.error.has_value()) << outcome.error->status.to_string();
    EXPECT_EQ(outcome.events, *message.body ? "head body end" : "head end");
    EXPECT_EQ(outcome.body, message.body);
    const ResponseHead& head = parser.head();
    EXPECT_EQ(fmt::format("{} {}", head.status, head.reason), message.start);
    EXPECT_EQ(text(without_framing(head.headers)), message.headers);
    EXPECT_EQ(head.keep_alive, message.framing.keep_alive);

    std::string written;
    ASSERT_TRUE(write_response_head(head.status, head.headers, message.framing, written));
    append_body(message, written);
    EXPECT_EQ(written, message.bytes);
    parser.reset();
  }
}

struct Refused {
  const char* what;
  std::string bytes;
  int http_status;
  const char* says;
};

const std::string kHost = "Host: a\r\n";

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields; }
std::string post(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields; }

std::vector<Refused> refused_heads() {
  return {
      {"TLS hello", "\x16\x03\x01\x02", 400, "method"},
      {"no version", "GET /\r\n\r\n", 400, "target"},
      {"lower case version", "GET / http/1.1\r\n\r\n", 400, "version"},
      {"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "version"},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/2.0"},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2.0"},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505, "HTTP/0.9"},
      {"bare LF behind the request line", "GET / HTTP/1.1\nHost: a\n\n", 400, ""},
      {"bare LF behind a field", get("Host: a\nX: b\r\n\r\n"), 400, "line"},
      {"space before the colon", get(kHost + "X : b\r\n\r\n"), 400, "line 2"},
      {"field without colon", get(kHost + "X\r\n\r\n"), 400, "line 2"},
      {"empty name", get(kHost + ": x\r\n\r\n"), 400, "line 2"},
      {"space before the first field", get(" X: b\r\nHost: a\r\n\r\n"), 400, "line 1"},
      {"folded", get(kHost + "X: a\r\n b\r\n\r\n"), 400, "folded"},
      {"folded after an empty line", get(kHost + "X:\r\n b\r\n\r\n"), 400, "folded"},
      {"NUL in a value", get(kHost + std::string{"X: a\0b\r\n\r\n", 10}), 400, "control"},
      {"escape in a value", get(kHost + "X: a\x1b[0m\r\n\r\n"), 400, "control"},
      {"DEL in a value", get(kHost + "X: a\x7f\r\n\r\n"), 400, "control"},
      {"bare CR in a value", get(kHost + "X: a\rb\r\n\r\n"), 400, "CR LF"},
      {"no Host", get("X: b\r\n\r\n"), 400, "no Host"},
      {"two Hosts", get(kHost + kHost + "\r\n"), 400, "more than one Host"},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "Host"},
      {"list in Host", get("Host: a, b\r\n\r\n"), 400, "bad Host"},
      {"path in Host", get("Host: a/b\r\n\r\n"), 400, "bad Host"},
  };
}

std::vector<Refused> refused_bodies() {
  const std::string chunked = post("Transfer-Encoding: chunked\r\n\r\n");
  return {
      {"space behind a chunk size", chunked + "2 \r\nde\r\n0\r\n\r\n", 400, "chunk"},
      {"length and coding", post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
       "Transfer-Encoding"},
      {"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"), 400,
       "Content-Length"},
      {"two lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400, "differing"},
      {"two lengths in one", post("Content-Length: 1, 2\r\n\r\n"), 400, "differing"},
      {"signed length", post("Content-Length: +1\r\n\r\n"), 400, "Content-Length"},
      {"negative length", post("Content-Length: -1\r\n\r\n"), 400, "Content-Length"},
      {"hexadecimal length", post("Content-Length: 0x1\r\n\r\n"), 400, "Content-Length"},
      {"empty length", post("Content-Length:\r\n\r\n"), 400, "Content-Length"},
      {"overflowing length", post("Content-Length: 99999999999999999999\r\n\r\n"), 400,
       "Content-Length"},
      {"unknown coding", post("Transfer-Encoding: br\r\n\r\n"), 501, "chunked"},
      {"coding before chunked", post("Transfer-Encoding: gzip, chunked\r\n\r\n"), 501, "chunked"},
      {"coding hidden by a tab", post("Transfer-Encoding: chunked\t, x\r\n\r\n"), 501, "chunked"},
      {"coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
       400, "Transfer-Encoding"},
      {"coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "6.1"},
      {"no chunk size", chunked + "\r\nabc\r\n", 400, "chunk"},
      {"chunk size with 0x", chunked + "0x3\r\nabc\r\n0\r\n\r\n", 400, "chunk"},
      {"negative chunk size", chunked + "-3\r\nabc\r\n", 400, "chunk"},
      {"overflowing chunk size", chunked + "fffffffffffffffff\r\n", 400, "chunk"},
      {"chunk longer than its size", chunked + "3\r\nabcd\r\n0\r\n\r\n", 400, "chunk"},
      {"chunk ended by LF", chunked + "3\nabc\n0\r\n\r\n", 400, ""},
      {"bad trailer", chunked + "0\r\nX : y\r\n\r\n", 400, "header name"},
      {"length in the trailers", chunked + "0\r\nContent-Length: 3\r\n\r\n", 400, "Length"},
      {"body over the limit", post("Content-Length: 101\r\n\r\n"), 413, "body"},
      {"chunks over the limit",
       chunked + "40\r\n" + std::string(64, 'x') + "\r\n25\r\n" + std::string(37, 'x') + "\r\n",
       413, "body"},
      {"target over the limit", "GET /" + std::string(300, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
       414, "200"},
      {"endless target", "GET /" + std::string(900, 'x'), 414, "200"},
      {"head over the limit", get(kHost + "X: " + std::string(1000, 'x') + "\r\n\r\n"), 431, ""},
      {"endless head", get(kHost + "X: " + std::string(2000, 'x')), 431, ""},
      {"too many fields", get(kHost + "1: \r\n2: \r\n3: \r\n4: \r\n5: \r\n\r\n"), 431, "5"},
      {"endless chunk extension", chunked + "1;" + std::string(2000, 'x'), 431, ""},
      {"endless trailers", chunked + "0\r\nX: " + std::string(2000, 'x'), 431, ""},
      {"endless empty lines", "\r\n\r\n\r\n\r\n\r\n\r\n", 400, "method"},
  };
}

constexpr Limits kSmall{
    .header_bytes = 1000, .header_fields = 5, .target_bytes = 200, .body_bytes = 100};

TEST_P(Pieces, HostileRequestsAreRefused) {
  std::vector<Refused> cases = refused_heads();
  std::ranges::move(refused_bodies(), std::back_inserter(cases));
  for (const Refused& refused : cases) {
    SCOPED_TRACE(refused.what);
    RequestParser parser{kSmall};
    const Outcome outcome = feed(parser, refused.bytes, GetParam());
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->http_status, refused.http_status) << outcome.error->status.to_string();
    EXPECT_THAT(outcome.error->status.message(), HasSubstr(refused.says));
    EXPECT_THAT(outcome.events, Not(HasSubstr("end")));
    EXPECT_FALSE(parser.step("").has_value()) << "an error stays";
    EXPECT_FALSE(parser.finish().has_value());
    parser.reset();
    EXPECT_EQ(feed(parser, kRequests[0].bytes).events, "head end");
  }
}

TEST(Http1, ToleratesWhatTheRfcAllows) {
  RequestParser parser;
  // Empty lines first, HTTP/1.0 with keep-alive and no Host, an absolute target.
  EXPECT_EQ(
      feed(parser, "\r\n\r\nGET http://a/b HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").events,
      "head end");
  EXPECT_TRUE(parser.head().keep_alive);
  EXPECT_FALSE(parser.head().http11);
  EXPECT_EQ(parser.head().target, "http://a/b");
  parser.reset();
  EXPECT_EQ(feed(parser, "GET / HTTP/1.0\r\n\r\n").events, "head end");
  EXPECT_FALSE(parser.head().keep_alive);
  parser.reset();
  // Chunk extensions, trailers, the coding's name in any case, the same length twice.
  const Outcome chunked = feed(parser,
                               "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                               "00003;a=b;c=\"d\"\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 9\r\n\r\n");
  EXPECT_EQ(chunked.body, "abcde");
  EXPECT_EQ(text(parser.trailers()), "X-Sum=9;");
  EXPECT_FALSE(parser.head().headers.contains("x-sum"));
  parser.reset();
  EXPECT_EQ(
      feed(parser, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")
          .body,
      "x");
}

TEST(Http1, TellsWhatTheClientExpects) {
  RequestParser parser;
  feed(parser, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(parser.head().expect_continue);
  EXPECT_EQ(feed(parser, "hi").events, "body end");
  parser.reset();
  feed(parser, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(parser.head().expect_continue);
  std::string out;
  write_continue(out);
  EXPECT_EQ(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(Http1, KeepsWhatWasUnderstoodBeforeAnError) {
  RequestParser parser{kSmall};
  feed(parser, "POST /big HTTP/1.1\r\nHost: a\r\ntraceparent: t\r\nContent-Length: 999\r\n\r\n");
  EXPECT_EQ(parser.head().target, "/big");
  EXPECT_EQ(parser.head().headers.get("traceparent"), "t");
}

TEST(Http1, TheHeadMayBeMovedOut) {
  RequestParser parser;
  feed(parser, kRequests[0].bytes);
  const RequestHead head = std::move(parser.head());
  EXPECT_EQ(head.headers.get("host"), "a");
  parser.reset();
  EXPECT_EQ(feed(parser, kRequests[1].bytes).events, "head end");
  EXPECT_EQ(parser.head().headers.size(), 3U);
}

TEST(Http1, AClosingPeerIsToldFromACutMessage) {
  const struct {
    const char* bytes;
    bool started;
    bool ok;
  } cases[] = {
      {"", false, true},
      {"\r\n", false, true},
      {"G", true, false},
      {"GET / HTTP/1.1\r\nHost: a\r\n", true, false},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx", true, false},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", true, false},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, true},
  };
  for (const auto& cut : cases) {
    SCOPED_TRACE(cut.bytes);
    RequestParser parser;
    feed(parser, cut.bytes);
    EXPECT_EQ(parser.started(), cut.started);
    const auto finished = parser.finish();
    EXPECT_EQ(finished.has_value(), cut.ok);
    if (!finished) EXPECT_EQ(finished.error().code(), Code::kUnavailable);
  }
}

TEST_P(Pieces, AResponseMayEndByClosing) {
  ResponseParser parser;
  const Outcome outcome = feed(parser, "HTTP/1.1 200 OK\r\n\r\nabc", GetParam());
  EXPECT_EQ(outcome.events, "head body ");
  EXPECT_EQ(outcome.body, "abc");
  EXPECT_FALSE(parser.head().keep_alive);
  EXPECT_TRUE(parser.finish().has_value());
  EXPECT_EQ(parser.step({})->event, Event::kEnd);
}

TEST_P(Pieces, InterimResponsesAreSkipped) {
  ResponseParser parser;
  parser.expect_no_body();
  const Outcome outcome = feed(parser,
                               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a"
                               "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
                               GetParam());
  EXPECT_EQ(outcome.events, "head end");
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_FALSE(parser.head().headers.contains("link"));
  // The next response of the connection has a body again.
  parser.reset();
  EXPECT_EQ(feed(parser, kResponses[0].bytes, GetParam()).body, "hi");
}

TEST_P(Pieces, ABodyThatIsReadInPiecesHasNoLimit) {
  ResponseParser parser{{.body_bytes = 2}};
  parser.allow_any_body();
  const std::string_view response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(
      feed(parser, std::string{"HTTP/1.1 100 Continue\r\n\r\n"} + std::string{response}, GetParam())
          .body,
      "hello");
  // The next response of the connection is limited again.
  parser.reset();
  EXPECT_FALSE(parser.step(response));
}

TEST_P(Pieces, HostileResponsesAreRefused) {
  std::string endless;
  for (int i = 0; i < 20; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string cases[] = {
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 099 Low\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'),
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
      endless,
  };
  for (const std::string& bytes : cases) {
    SCOPED_TRACE(bytes);
    ResponseParser parser{kSmall};
    const Outcome outcome = feed(parser, bytes, GetParam());
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->http_status, 502);
    EXPECT_EQ(outcome.error->status.code(), Code::kInternal);
    EXPECT_THAT(outcome.error->status.message(), HasSubstr("bad response"));
  }
}

TEST(Http1, WritesNothingThatCouldBeTwoThings) {
  std::string out = "before";
  const Framing framing{};
  for (const Headers& bad : {Headers{{"a", "b\r\nc: d"}}, Headers{{"a b", "c"}}, Headers{{"", "c"}},
                             Headers{{"a", std::string_view{"\0", 1}}}}) {
    EXPECT_EQ(write_response_head(200, bad, framing, out).error().code(), Code::kInvalidArgument);
    EXPECT_EQ(write_request_head("GET", "/", bad, framing, out).error().code(),
              Code::kInvalidArgument);
  }
  EXPECT_FALSE(write_request_head("GE T", "/", {}, framing, out).has_value());
  EXPECT_FALSE(write_request_head("GET", "/a b", {}, framing, out).has_value());
  EXPECT_FALSE(write_request_head("GET", "/\r\nX: y", {}, framing, out).has_value());
  EXPECT_FALSE(write_request_head("GET", "", {}, framing, out).has_value());
  EXPECT_FALSE(write_response_head(99, {}, framing, out).has_value());
  EXPECT_EQ(out, "before");
}

TEST(Http1, TheFramingIsNotTheCallersHeaders) {
  std::string out;
  ASSERT_TRUE(write_response_head(200,
                                  {{"content-length", "9"},
                                   {"Transfer-Encoding", "gzip"},
                                   {":status", "200"},
                                   {"CONNECTION", "x"},
                                   {"A", "b"}},
                                  {.content_length = 0, .peer_http11 = false}, out));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Http1, AnEmptyChunkIsNotWritten) {
  std::string out;
  write_chunk("", out);
  EXPECT_EQ(out, "");
  write_chunk(std::string(255, 'x'), out);
  EXPECT_EQ(out.substr(0, 5), "ff\r\nx");
}

TEST(Http1, NamesStatuses) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  for (const int unknown : {0, 99, 306, 418, 599, 1000}) EXPECT_EQ(reason_phrase(unknown), "");
}

}  // namespace
}  // namespace hal::wire::http1
