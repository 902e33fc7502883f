#include <hal/wire/http2.hpp>

#include <hal/wire/testing/http2_pair.hpp>

namespace hal::wire::http2 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Pair;
using testing::Recorder;

constexpr const char* kRequestText =
    ":method=POST :scheme=http :path=/greeter.Greeter/SayHello :authority=greeter:80 "
    "content-type=application/grpc te=trailers";

void unary(std::size_t piece) {
  Pair pair;
  const StreamId id = pair.request(false);
  ASSERT_TRUE(pair.client.send_data(id, "que", false).has_value());
  ASSERT_TRUE(pair.client.send_data(id, "stion", true).has_value());
  EXPECT_EQ(pair.client.queued(id), 8U);
  pair.at_server.end_hook = [&](StreamId stream) {
    ASSERT_TRUE(pair.server.submit_response(stream, {{":status", "200"}, {"X-A", "b"}}, false));
    ASSERT_TRUE(pair.server.send_data(stream, "answer", false));
    ASSERT_TRUE(pair.server.send_trailers(stream, {{"grpc-status", "0"}}));
  };
  pair.run(piece);
  EXPECT_THAT(pair.at_server.log, ElementsAre(fmt::format("1 headers {}", kRequestText),
                                              "1 data question", "1 end", "1 close NO_ERROR"));
  EXPECT_THAT(pair.at_client.log,
              ElementsAre("1 headers :status=200 x-a=b", "1 data answer",
                          "1 trailers grpc-status=0", "1 end", "1 close NO_ERROR"));
  EXPECT_EQ(pair.client.open_streams(), 0U);
  EXPECT_EQ(pair.server.open_streams(), 0U);
  EXPECT_EQ(pair.client.queued(id), 0U);
}

TEST(Http2, CarriesAUnaryCall) { unary(std::string::npos); }
TEST(Http2, CarriesAUnaryCallByteByByte) { unary(1); }

TEST(Http2, TrailersWithoutHeadersAreTheResponse) {
  Pair pair;
  pair.request();
  pair.run();
  EXPECT_EQ(pair.at_server.log.front(), fmt::format("1 headers {} |", kRequestText));
  ASSERT_TRUE(pair.server.send_trailers(1, {{":status", "200"}, {"grpc-status", "12"}}));
  EXPECT_EQ(pair.server.submit_response(1, {{":status", "200"}}, true).error().code(),
            Code::kFailedPrecondition);
  pair.run();
  EXPECT_THAT(pair.at_client.log,
              ElementsAre("1 headers :status=200 grpc-status=12 |", "1 end", "1 close NO_ERROR"));
}

TEST(Http2, TrailersAfterDataHasLeft) {
  Pair pair;
  pair.request();
  pair.run();
  ASSERT_TRUE(pair.server.submit_response(1, {{":status", "200"}}, false));
  pair.run();
  ASSERT_TRUE(pair.server.send_data(1, "a", false));
  pair.run();
  ASSERT_TRUE(pair.server.send_trailers(1, {{"grpc-status", "0"}}));
  EXPECT_EQ(pair.server.send_data(1, "b", false).error().code(), Code::kFailedPrecondition);
  pair.run();
  EXPECT_THAT(pair.at_client.log,
              ElementsAre("1 headers :status=200", "1 data a", "1 trailers grpc-status=0", "1 end",
                          "1 close NO_ERROR"));
}

// What HPACK makes of a request with ids of its own: their names once, no value in the table.
TEST(Http2, ChangingFieldsAreWrittenWithoutTheirNamesAfterTheFirst) {
  Pair pair;
  pair.run();
  const auto bytes_of_request = [&](std::string_view id) {
    Headers headers{pair.kRequest};
    if (!id.empty()) {
      headers.add("x-request-id", id);
      headers.add("traceparent", id);
    }
    EXPECT_TRUE(pair.client.submit_request(headers, true));
    std::string bytes;
    EXPECT_TRUE(pair.client.produce(bytes));
    EXPECT_TRUE(pair.server.receive(bytes));
    return bytes.size();
  };
  bytes_of_request("");
  const std::size_t plain = bytes_of_request("");
  bytes_of_request("~first~");
  constexpr std::size_t kNameAndLength = 3;
  for (int i = 100; i < 300; ++i) {
    // Not in Huffman's code, which is longer for this character.
    const std::string id = fmt::format("~~~~~{}", i);
    ASSERT_EQ(bytes_of_request(id), plain + 2 * (kNameAndLength + id.size()));
    pair.at_server.log.pop_back();  // "end"
    ASSERT_THAT(pair.at_server.log.back(),
                HasSubstr(fmt::format("x-request-id={} traceparent={}", id, id)));
  }
}

TEST(Http2, TheMemoryOfAListServesTheNext) {
  Pair pair;
  pair.at_server.headers_hook = [&](StreamId, const Headers& headers) {
    pair.server.give_back(Headers{headers});
  };
  for (int i = 0; i < 3; ++i) pair.request();
  pair.run();
  const std::vector<std::string> whole(3, kRequestText);
  std::vector<std::string> seen;
  for (const auto& line : pair.at_server.log) {
    if (line.contains(" headers ")) seen.push_back(line.substr(line.find(':'), whole[0].size()));
  }
  EXPECT_EQ(seen, whole);
}

TEST(Http2, SecretsAreNeverInTheTable) {
  Pair pair;
  pair.run();
  const auto bytes_of_request = [&] {
    Headers headers{pair.kRequest};
    headers.add("authorization", "Bearer ~~~~~~~~");
    EXPECT_TRUE(pair.client.submit_request(headers, true));
    std::string bytes;
    EXPECT_TRUE(pair.client.produce(bytes));
    return bytes;
  };
  bytes_of_request();
  EXPECT_THAT(bytes_of_request(), HasSubstr("Bearer ~~~~~~~~"));
}

TEST(Http2, SkipsInterimResponses) {
  Pair pair;
  pair.request();
  pair.run();
  // The session itself sends none: frame by hand, HEADERS of stream 1 with ":status: 100".
  const std::string interim{
      "\x00\x00\x05\x01\x04\x00\x00\x00\x01\x08\x03"
      "100",
      14};
  ASSERT_TRUE(pair.client.receive(interim).has_value());
  EXPECT_THAT(pair.at_client.log, ElementsAre());
  ASSERT_TRUE(pair.server.submit_response(1, {{":status", "204"}}, true));
  pair.run();
  EXPECT_THAT(pair.at_client.log,
              ElementsAre("1 headers :status=204 |", "1 end", "1 close NO_ERROR"));
}

TEST(Http2, DataWaitsForTheWindow) {
  Settings small;
  small.stream_window_bytes = 1000;
  small.write_low_bytes = 500;
  Pair pair{small, small};
  pair.at_server.consume = false;
  pair.run();  // the server's settings must be known before the first byte of data
  pair.client.submit_request(pair.kRequest, false).value();
  ASSERT_TRUE(pair.client.send_data(1, std::string(2600, 'x'), true));
  pair.run();
  EXPECT_EQ(pair.at_server.received, 1000U);
  EXPECT_EQ(pair.client.queued(1), 1600U);
  pair.server.consume(1, 1000);
  pair.run();
  EXPECT_EQ(pair.at_server.received, 2000U);
  EXPECT_EQ(pair.client.queued(1), 600U);
  EXPECT_THAT(pair.at_client.log, ElementsAre());
  pair.server.consume(1, 1000);
  pair.run();
  EXPECT_EQ(pair.at_server.received, 2600U);
  EXPECT_THAT(pair.at_client.take(), ElementsAre("1 writable"));
  EXPECT_EQ(pair.at_server.log.back(), "1 end");
}

TEST(Http2, AClosedStreamGivesItsWindowBack) {
  Settings small;
  small.connection_window_bytes = 70'000;
  Pair pair{{}, small};
  pair.at_server.consume = false;
  for (int round = 0; round < 10; ++round) {
    const StreamId id = pair.request(false);
    ASSERT_TRUE(pair.client.send_data(id, std::string(60'000, 'x'), false));
    pair.run();
    ASSERT_EQ(pair.at_server.received, 60'000U * static_cast<unsigned>(round + 1));
    pair.client.reset(id, ErrorCode::kCancel);
    pair.run();
  }
}

TEST(Http2, LargeBodiesArriveWhole) {
  Pair pair;
  std::string body;
  while (body.size() < 5'000'000) body += fmt::format("{},", body.size());
  const StreamId id = pair.request(false);
  ASSERT_TRUE(pair.client.send_data(id, body, true));
  pair.run();
  EXPECT_EQ(pair.at_server.log.at(1), "1 data " + body);
  EXPECT_EQ(pair.at_server.log.back(), "1 end");
}

TEST(Http2, ProduceStopsNearItsLimit) {
  Settings wide;
  wide.stream_window_bytes = 1'000'000;
  Pair pair{{}, wide};
  pair.run();
  const StreamId id = pair.request(false);
  ASSERT_TRUE(pair.client.send_data(id, std::string(500'000, 'x'), true));
  std::string out;
  ASSERT_TRUE(pair.client.produce(out, 1000).has_value());
  EXPECT_LE(out.size(), 1000U + 65'536U + 9U);
  EXPECT_TRUE(pair.client.wants_write());
}

TEST(Http2, AResetReachesTheOtherSide) {
  Pair pair;
  pair.request();
  pair.run();
  pair.client.reset(1, ErrorCode::kCancel);
  pair.run();
  EXPECT_THAT(pair.at_client.log, ElementsAre("1 close CANCEL"));
  EXPECT_EQ(pair.at_server.log.back(), "1 close CANCEL");
  EXPECT_EQ(pair.server.submit_response(1, {{":status", "200"}}, true).error().code(),
            Code::kNotFound);
  EXPECT_EQ(pair.server.send_data(1, "x", true).error().code(), Code::kNotFound);
  pair.server.consume(1, 5);
  pair.server.reset(1, ErrorCode::kCancel);
  pair.run();
}

TEST(Http2, AServerMayAnswerEarly) {
  Pair pair;
  pair.request(false);
  pair.run();
  ASSERT_TRUE(pair.server.submit_response(1, {{":status", "413"}}, true));
  pair.server.reset(1, ErrorCode::kNoError);
  pair.run();
  EXPECT_THAT(pair.at_client.log,
              ElementsAre("1 headers :status=413 |", "1 end", "1 close NO_ERROR"));
}

TEST(Http2, GoawayLetsStreamsFinish) {
  Pair pair;
  pair.request();
  pair.run();
  pair.server.shutdown_notice();
  pair.run();
  EXPECT_THAT(pair.at_client.take(), ElementsAre("goaway 2147483647 NO_ERROR "));
  EXPECT_EQ(pair.client.submit_request(pair.kRequest, true).error().code(), Code::kUnavailable);
  pair.server.goaway(ErrorCode::kNoError, "bye");
  pair.run();
  EXPECT_THAT(pair.at_client.take(), ElementsAre("goaway 1 NO_ERROR bye"));
  EXPECT_TRUE(pair.server.wants_read());
  ASSERT_TRUE(pair.server.submit_response(1, {{":status", "200"}}, true));
  pair.run();
  EXPECT_THAT(pair.at_client.take(),
              ElementsAre("1 headers :status=200 |", "1 end", "1 close NO_ERROR"));
  EXPECT_FALSE(pair.server.wants_read());
  EXPECT_FALSE(pair.server.wants_write());
  EXPECT_FALSE(pair.client.wants_read());
}

TEST(Http2, StreamsAboveTheLastIdMayBeSentAgain) {
  Pair pair;
  pair.request();
  pair.run();
  pair.server.goaway(ErrorCode::kNoError, "");
  std::string goaway;
  ASSERT_TRUE(pair.server.produce(goaway));
  const StreamId late = pair.request();
  std::string lost;
  ASSERT_TRUE(pair.client.produce(lost));
  const StreamId unsent = pair.request();
  ASSERT_TRUE(pair.client.receive(goaway));
  ASSERT_TRUE(pair.server.receive(lost));
  pair.run();
  EXPECT_THAT(pair.at_client.log,
              ::testing::UnorderedElementsAre(fmt::format("{} close REFUSED_STREAM", late),
                                              "goaway 1 NO_ERROR ",
                                              fmt::format("{} close REFUSED_STREAM", unsent)));
}

TEST(Http2, RequestsOverTheLimitWait) {
  Settings two;
  two.max_concurrent_streams = 2;
  Pair pair{{}, two};
  EXPECT_EQ(pair.client.remote_max_concurrent_streams(), 100U);
  pair.run();
  EXPECT_EQ(pair.at_client.settings, 1);
  EXPECT_EQ(pair.client.remote_max_concurrent_streams(), 2U);
  for (int i = 0; i < 3; ++i) pair.request();
  pair.run();
  EXPECT_EQ(pair.server.open_streams(), 2U);
  EXPECT_EQ(pair.client.open_streams(), 3U);
  ASSERT_TRUE(pair.server.submit_response(3, {{":status", "200"}}, true));
  pair.run();
  EXPECT_EQ(pair.at_server.log.back(), "5 end");
}

TEST(Http2, PingComesBack) {
  Pair pair;
  pair.client.ping({0, 0, 0, 0, 0, 0, 0, 7});
  pair.run();
  EXPECT_THAT(pair.at_client.log, ElementsAre("pong 7"));
}

TEST(Http2, FieldsThatCannotBeSentAreRefused) {
  Pair pair;
  const Headers injected{{":method", "GET"}, {"x", "a\r\nb: c"}};
  EXPECT_EQ(pair.client.submit_request(injected, true).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(pair.client.submit_request({{"a b", "c"}}, true).error().code(),
            Code::kInvalidArgument);
  Headers hops = pair.kRequest;
  hops.add("Connection", "close");
  hops.add("Transfer-Encoding", "chunked");
  hops.add("X-Spaced", " v ");
  ASSERT_TRUE(pair.client.submit_request(hops, true).has_value());
  pair.run();
  EXPECT_EQ(pair.at_server.log.front(), fmt::format("1 headers {} x-spaced=v |", kRequestText));
}

TEST(Http2, AHttp1RequestIsRecognised) {
  Recorder recorder;
  Session server{Role::kServer, {}, recorder};
  const auto received = server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(received.error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(match_preface("GET / HTTP/1.1\r\n"), Preface::kOther);
  EXPECT_EQ(match_preface("PRI * HTTP/1.1"), Preface::kOther);
  EXPECT_EQ(match_preface("PRI * HT"), Preface::kNeedMore);
  EXPECT_EQ(match_preface(""), Preface::kNeedMore);
  EXPECT_EQ(match_preface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00"), Preface::kHttp2);
}

/// Frames after preface and SETTINGS that must end the connection or the stream.
struct Hostile {
  const char* what;
  std::string bytes;
  const char* answer;  // a line the peer's recorder must hold
};

std::string frame(int type, int flags, int stream, const std::string& payload) {
  std::string bytes;
  for (const auto value :
       {payload.size() >> 16, payload.size() >> 8, payload.size(), std::size_t(type),
        std::size_t(flags), std::size_t{0}, std::size_t{0}, std::size_t{0}, std::size_t(stream)}) {
    bytes += static_cast<char>(value & 0xff);
  }
  return bytes + payload;
}

std::string literal(const std::string& name_text, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name_text.size()) + name_text +
         static_cast<char>(value.size()) + value;
}

TEST(Http2, HostileFramesAreAnswered) {
  // Indexed: 0x83 :method POST, 0x86 :scheme http, 0x84 :path /.
  const std::string head = "\x83\x86\x84";
  const Hostile cases[] = {
      {"upper case name", frame(1, 5, 1, head + literal("X-A", "b")), "1 close PROTOCOL_ERROR"},
      {"line break in a value", frame(1, 5, 1, head + literal("x", "a\r\nb")),
       "1 close PROTOCOL_ERROR"},
      {"connection field", frame(1, 5, 1, head + literal("connection", "close")),
       "1 close PROTOCOL_ERROR"},
      {"no path", frame(1, 5, 1, "\x83\x86"), "1 close PROTOCOL_ERROR"},
      {"pseudo header behind a field", frame(1, 5, 1, literal("a", "b") + head),
       "1 close PROTOCOL_ERROR"},
      {"body shorter than content-length",
       frame(1, 4, 1, head + literal("content-length", "5")) + frame(0, 1, 1, "abc"),
       "1 close PROTOCOL_ERROR"},
      {"data on an idle stream", frame(0, 1, 1, "abc"), "goaway 0 PROTOCOL_ERROR"},
      {"even stream id", frame(1, 5, 2, head), "goaway 0 PROTOCOL_ERROR"},
      {"bad HPACK index", frame(1, 5, 1, "\xff\xff\x03"), "goaway 1 COMPRESSION_ERROR"},
      {"short ping", frame(6, 0, 0, "1234"), "goaway 0 FRAME_SIZE_ERROR"},
      {"zero window update", frame(8, 0, 0, std::string(4, '\0')), "goaway 0 PROTOCOL_ERROR"},
      {"continuation alone", frame(9, 4, 1, head), "goaway 0 PROTOCOL_ERROR"},
  };
  for (const Hostile& hostile : cases) {
    SCOPED_TRACE(hostile.what);
    Recorder at_client, at_server;
    Session client{Role::kClient, {}, at_client};
    Session server{Role::kServer, {}, at_server};
    // The client knows of stream 1, so that it records what happens to it.
    ASSERT_TRUE(
        client.submit_request({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}}, false));
    std::string unused, answer;
    ASSERT_TRUE(client.produce(unused));
    ASSERT_TRUE(server.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "")));
    (void)server.receive(hostile.bytes);
    (void)server.produce(answer);
    ASSERT_TRUE(client.receive(answer));
    EXPECT_THAT(at_client.log, ::testing::Contains(HasSubstr(hostile.answer)));
    for (const std::string& line : at_server.log) EXPECT_THAT(line, Not(HasSubstr("1 end")));
  }
}

TEST(Http2, FloodsEndTheConnection) {
  const std::string head = "\x83\x86\x84";
  const std::string ping = frame(6, 0, 0, "12345678");
  const struct {
    const char* what;
    std::function<std::string(int)> bytes;
  } cases[] = {
      {"pings", [&](int) { return ping; }},
      {"settings", [&](int) { return frame(4, 0, 0, ""); }},
      {"continuations", [&](int i) { return i == 0 ? frame(1, 1, 1, head) : frame(9, 0, 1, ""); }},
  };
  for (const auto& flood : cases) {
    SCOPED_TRACE(flood.what);
    Recorder recorder;
    Session server{Role::kServer, {}, recorder};
    recorder.session = &server;
    ASSERT_TRUE(server.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "")));
    bool ended = false;
    int sent = 0;
    for (; sent < 5000 && !ended; ++sent) {
      ended = !server.receive(flood.bytes(sent)) || !server.wants_read();
    }
    std::string goaway;
    (void)server.produce(goaway);
    EXPECT_TRUE(ended || !server.wants_read());
    EXPECT_LE(server.open_streams(), 1100U);
  }
}

TEST(Http2, WhatAClientTakesBackBeforeTheAnswerIsToldOf) {
  enum class Answer { kNone, kQueued, kSent };
  const auto reset = [](Answer answer, const std::string& frames) {
    Pair pair;
    pair.request(false);
    pair.run();
    if (answer != Answer::kNone) {
      EXPECT_TRUE(pair.server.submit_response(1, {{":status", "200"}}, false));
    }
    if (answer == Answer::kSent) pair.run();
    pair.at_server.take();
    EXPECT_TRUE(pair.server.receive(frames));
    pair.run();
    return pair.at_server.take();
  };
  const std::string rst = frame(3, 0, 1, std::string{"\0\0\0\x08", 4});
  EXPECT_THAT(reset(Answer::kNone, rst), ElementsAre("1 taken back", "1 close CANCEL"));
  EXPECT_THAT(reset(Answer::kQueued, rst), ElementsAre("1 taken back |", "1 close CANCEL"));
  EXPECT_THAT(reset(Answer::kSent, rst), ElementsAre("1 close CANCEL"));
  // What the session resets for the client's fault costs as much (CVE-2025-8671).
  const std::string no_window = frame(8, 0, 1, "\x7f\xff\xff\xff");
  EXPECT_THAT(reset(Answer::kNone, no_window),
              ElementsAre("1 taken back", "1 close FLOW_CONTROL_ERROR"));
}

TEST(Http2, WhatTheServerGivesUpIsNotTakenBack) {
  Pair pair;
  pair.request();
  pair.run();
  pair.server.reset(1, ErrorCode::kCancel);
  pair.run();
  EXPECT_EQ(pair.at_server.take().back(), "1 close CANCEL");
  EXPECT_EQ(pair.at_client.take().back(), "1 close CANCEL");
}

TEST(Http2, EndsThatAWindowHoldsBackAreKnown) {
  Settings narrow;
  narrow.stream_window_bytes = 10;
  Pair pair{narrow, {}};
  pair.at_client.consume = false;
  for (const StreamId id : {pair.request(), pair.request()}) {
    pair.run();
    ASSERT_TRUE(pair.server.submit_response(id, {{":status", "200"}}, false));
    ASSERT_TRUE(pair.server.send_data(id, std::string(id == 1 ? 11 : 10, 'x'), true));
  }
  pair.run();
  EXPECT_THAT(pair.server.unsent_ends(), ElementsAre(std::pair{1, 1}));
  pair.client.consume(1, 10);
  pair.run();
  EXPECT_THAT(pair.server.unsent_ends(), ElementsAre());
}

TEST(Http2, NamesErrorCodes) {
  EXPECT_EQ(name(ErrorCode::kEnhanceYourCalm), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(name(ErrorCode::kHttp11Required), "HTTP_1_1_REQUIRED");
  EXPECT_EQ(name(static_cast<ErrorCode>(77)), "UNKNOWN");
}

}  // namespace
}  // namespace hal::wire::http2
