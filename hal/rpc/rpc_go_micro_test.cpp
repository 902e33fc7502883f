// Calls between our side and go-micro's, as recorded from the real one.
#include <hal/base/ascii.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_call.hpp>
#include <hal/rpc/testing/raw_peer.hpp>

#include <boost/json.hpp>

#include <fstream>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using testing::raw_call;
using testing::RawResponse;
using testing::RawServer;
using testing::request;

/// One recorded call.
struct Recording {
  Headers request;
  std::string request_body;
  RawResponse response;
};

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(parse_int<unsigned>(text.substr(i, 2), 16).value_or(0));
  }
  return bytes;
}

Headers headers_of(const json::value& fields) {
  Headers headers;
  for (const auto& field : fields.as_array()) {
    headers.add(std::string_view{field.at(0).as_string()},
                std::string_view{field.at(1).as_string()});
  }
  return headers;
}

/// The calls of one connection, in the order of their streams.
std::vector<Recording> read_all(std::string_view name) {
  std::ifstream in{fmt::format("{}/gomicro/{}.jsonl", HAL_TESTDATA, name)};
  std::map<std::int64_t, Recording> calls;
  for (std::string line; std::getline(in, line);) {
    const auto frame = json::parse(line);
    const auto* const stream = frame.as_object().if_contains("stream");
    Recording& recording = calls[stream == nullptr ? 1 : stream->as_int64()];
    const bool by_client = frame.at("dir") == "c>s";
    if (frame.at("frame") == "DATA") {
      auto& body = by_client ? recording.request_body : recording.response.body;
      body += from_hex(std::string_view{frame.at("data").as_string()});
      continue;
    }
    auto fields = headers_of(frame.at("fields"));
    if (by_client) {
      recording.request = std::move(fields);
    } else if (recording.response.headers.empty()) {
      recording.response.headers = std::move(fields);
    } else {
      recording.response.trailers = std::move(fields);
    }
  }
  std::vector<Recording> all;
  for (auto& [stream, recording] : calls) {
    EXPECT_TRUE(recording.request.contains(":path")) << name;
    all.push_back(std::move(recording));
  }
  return all;
}

Recording read(std::string_view name) {
  auto all = read_all(name);
  EXPECT_EQ(all.size(), 1U) << name;
  return std::move(all.front());
}

/// The recorded request, to another method: the test's service has its own.
Recording to_method(Recording recording, std::string_view path) {
  recording.request.set(":path", path);
  Headers sorted{{":method", "POST"}};
  for (const auto field : recording.request) {
    if (field.name.starts_with(':') && field.name != ":method") sorted.add(field.name, field.value);
  }
  for (const auto field : recording.request) {
    if (!field.name.starts_with(':')) sorted.add(field.name, field.value);
  }
  recording.request = std::move(sorted);
  return recording;
}
Recording to_method(std::string_view name, std::string_view path) {
  return to_method(read(name), path);
}

class RpcGoMicroTest : public testing::EchoTest {
 protected:
  RawResponse call(const Headers& headers, std::string body) {
    auto response = host.run(raw_call, &host.network(), &host.background(),
                             net::Endpoint{"127.0.0.1", kPort}, headers, std::move(body));
    EXPECT_TRUE(response) << response.error().to_string();
    return response ? std::move(*response) : RawResponse{};
  }
  /// The status as it stands on the wire.
  Status status(const Recording& recording) {
    const auto response = call(recording.request, recording.request_body);
    return status_from(response.trailers.empty() ? response.headers : response.trailers)
        .value_or(Status{Code::kUnknown, "no status"});
  }
  static testing::Request failing(Code code, std::string text) {
    auto message = request(std::move(text));
    message.set_code(static_cast<std::uint32_t>(code));
    return message;
  }
};

TEST_F(RpcGoMicroTest, its_client_calls_by_the_name_of_the_process) {
  host.name = "hal9000-greeter";
  start_server();
  const auto hello = to_method("hello", "/hal9000-greeter.Echo/Say");
  const auto response = call(hello.request, hello.request_body);
  EXPECT_EQ(response.headers.get(":status"), "200");
  EXPECT_EQ(status_from(response.trailers), Status{});
  EXPECT_EQ(response.body, hello.request_body) << "an echo";
}

TEST_F(RpcGoMicroTest, its_client_makes_one_call_after_the_other_on_a_connection) {
  host.name = "hal9000-greeter";
  start_server();
  const auto connection = testing::open_connection(host, kPort);
  const auto calls = read_all("three-calls");
  ASSERT_EQ(calls.size(), 3U);
  for (const Recording& each : calls) {
    const auto call = to_method(each, "/hal9000-greeter.Echo/Say");
    testing::RawCall raw{host, *connection, "", call.request};
    EXPECT_TRUE(raw.stream().send(call.request_body, true));
    host.manual_loop().run_ready();
    EXPECT_EQ(raw.status(), Status{});
    EXPECT_EQ(raw.stream().take_data(), call.request_body) << "an echo";
  }
  EXPECT_EQ(echo.calls, 3);
  EXPECT_EQ(host.memory().connects(), 1U);
}

TEST_F(RpcGoMicroTest, a_client_of_one_of_its_services_says_which) {
  host.name = "hal9000-greeter";
  start_server();
  EXPECT_EQ(status(to_method("service-client", "/hal9000-greeter.Echo/Say")), Status{});
  EXPECT_EQ(echo.micro_from_service, "lab-caller");
  EXPECT_EQ(status(to_method("hello", "/hal9000-greeter.Echo/Say")), Status{});
  EXPECT_EQ(echo.micro_from_service, std::nullopt);
}

TEST_F(RpcGoMicroTest, only_names_that_are_allowed_are_aliases) {
  host.name = "hal9000-greeter";
  host.aliases = {"other"};
  start_server();
  struct Case {
    std::string path;
    bool known;
  };
  for (const auto& [path, known] :
       {Case{"/test.rpc.Echo/Say", true},
        {"/hal9000-greeter.Echo/Say", true},
        {"/other.Echo/Say", true},
        {"/wrong.Echo/Say", false},
        {"/Echo/Say", false},
        {"/other.x.Echo/Say", false},
        {"/hal9000-greeter.Echo/Nothing", false},
        {"/hal9000-greeter.Health/Check", false},
        {"/hal9000-greeter.ServerReflection/ServerReflectionInfo", false}}) {
    EXPECT_EQ(status(to_method("hello", path)).code(), known ? Code::kOk : Code::kUnimplemented)
        << path;
  }
}

TEST_F(RpcGoMicroTest, any_name_is_one_when_asked_for) {
  host.aliases = {"*"};
  start_server();
  for (const char* path : {"/x.y.Echo/Say", "/Echo/Say", "/go.micro.srv.z.Echo/Say"}) {
    EXPECT_EQ(status(to_method("hello", path)), Status{}) << path;
  }
}

TEST_F(RpcGoMicroTest, its_client_gets_the_failures_that_its_own_server_sends) {
  struct Case {
    std::string recording;
    Code code;
    std::string detail;
  };
  host.name = "lab.greeter";
  start_server();
  for (const auto& [name, code, detail] : {Case{"error-400", Code::kInvalidArgument, "bad request"},
                                           {"error-404", Code::kNotFound, "no such thing"},
                                           {"error-500", Code::kInternal, "boom"}}) {
    auto recording = to_method(name, "/lab.greeter.Echo/Fail");
    recording.request_body = frame_message(failing(code, detail)).value();
    const auto ours = call(recording.request, recording.request_body);
    const auto& theirs = recording.response.headers;  // trailers only
    EXPECT_EQ(ours.headers.get("grpc-status"), theirs.get("grpc-status")) << name;
    EXPECT_EQ(ours.headers.get("grpc-message"), theirs.get("grpc-message")) << name;
  }
}

TEST_F(RpcGoMicroTest, its_time_is_kept) {
  start_server();
  auto recording = to_method("hello", "/test.rpc.Echo/Wait");
  auto message = request("x");
  message.set_wait_ms(1);
  recording.request_body = frame_message(message).value();
  recording.request.set("timeout", "2000000000");
  EXPECT_EQ(status(recording), Status{});
  EXPECT_LE(echo.time_left, 2s);
  EXPECT_GT(echo.time_left, 1s);
  recording.request.set("timeout", "soon");
  EXPECT_EQ(status(recording), Status{});
  EXPECT_GT(echo.time_left, 4s) << "grpc-timeout is left";
  recording.request.set("timeout", "1000000");
  message.set_wait_ms(60'000);
  recording.request_body = frame_message(message).value();
  const Status late = status(recording);
  EXPECT_EQ(late.code(), Code::kDeadlineExceeded);
  EXPECT_NE(late.message().find(R"("code":408)"), std::string::npos) << late.to_string();
}

TEST_F(RpcGoMicroTest, an_unknown_codec_is_told_in_its_words) {
  host.name = "hal9000-greeter";
  start_server();
  auto recording = to_method("hello", "/hal9000-greeter.Echo/Say");
  recording.request.set("x-content-type", "text/x");
  const Status refused = status(recording);
  EXPECT_EQ(refused.code(), Code::kUnknown);
  EXPECT_NE(refused.message().find(R"("code":500)"), std::string::npos) << refused.to_string();
}

TEST_F(RpcGoMicroTest, other_callers_never_see_its_dialect) {
  start_server();
  for (const auto& changes :
       {Headers{{"content-type", "application/grpc"}},
        Headers{{"content-type", "application/grpc+proto"}, {"timeout", "1"}}}) {
    auto recording = to_method("error-404", "/test.rpc.Echo/Fail");
    recording.request.remove("x-content-type");
    recording.request.remove("timeout");
    for (const auto field : changes) recording.request.set(field.name, field.value);
    recording.request_body = frame_message(failing(Code::kNotFound, "no such thing")).value();
    EXPECT_EQ(status(recording), Status(Code::kNotFound, "no such thing"));
  }
}

/// Our client before a server that answers as recorded, and notes what it is sent.
struct Replay {
  explicit Replay(service::testing::TestHost& host, std::string_view name,
                  std::map<std::string, std::string> metadata)
      : recordings{read_all(name)} {
    host.registry().put("micro", "127.0.0.1:42000", std::move(metadata));
    listener = host.memory().listen(host.loop(), {"", 42000}, {}).value();
    host.background().spawn(RawServer::serve, &server, &host.background(), listener.get());
    client.emplace(Channel{host, "micro"});
  }
  std::vector<Recording> recordings;
  std::unique_ptr<net::Listener> listener;
  RawServer server{
      [this](int number) { return recordings.at(static_cast<std::size_t>(number)).response; }};
  std::optional<testing::EchoClient> client;
};

Task<Result<testing::Reply>> say(Replay* replay) {
  co_return co_await replay->client->say(request("hello"), {.timeout = 5s});
}

TEST_F(RpcGoMicroTest, our_client_understands_its_server) {
  struct Case {
    std::string recording;
    Status status;
  };
  for (const auto& [name, expected] :
       {Case{"hello", {}},
        {"error-400", {Code::kInvalidArgument, "bad request"}},
        {"error-404", {Code::kNotFound, "no such thing"}},
        {"error-500", {Code::kInternal, "boom"}},
        {"error-plain", {Code::kNotFound, "file does not exist"}},
        {"error-panic", {Code::kInternal, "panic recovered: lab panic"}}}) {
    service::testing::TestHost mine;
    Replay replay{mine, name, {{"server", "grpc"}, {"registry", "kubernetes"}}};
    const auto reply = mine.run(say, &replay);
    EXPECT_EQ(reply ? Status{} : reply.error(), expected) << name;
    if (reply) EXPECT_EQ(reply->text(), "world");
    mine.shut_down();
  }
}

TEST_F(RpcGoMicroTest, our_client_calls_it_again_and_again_on_a_connection) {
  service::testing::TestHost mine;
  Replay replay{mine, "three-calls", {{"server", "grpc"}, {"registry", "kubernetes"}}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(mine.run(say, &replay)->text(), "world");
  EXPECT_EQ(mine.memory().connects(), 1U);
  mine.shut_down();
}

/// Notes the headers of a request.
class Noting final : public transport::Http2Handler {
 public:
  Task<> handle(std::unique_ptr<transport::Http2Stream> stream) override {
    seen = stream->headers();
    (void)stream->respond({{":status", "200"},
                           {"content-type", "application/grpc"},
                           {"grpc-status", "5"},
                           {"grpc-message", "x"}},
                          true);
    co_return;
  }
  static Task<> serve(Noting* self, Scope* background, net::Listener* listener) {
    for (;;) {
      auto stream = co_await listener->accept();
      if (!stream) co_return;
      background->spawn(testing::run_raw, transport::Http2Connection::server(std::move(*stream), {},
                                                                             *self, self->drain));
    }
  }
  Headers seen;
  service::Drain drain;
};

Task<Result<testing::Reply>> say_to(testing::EchoClient* client) {
  co_return co_await client->say(request("hello"), {.timeout = 5s});
}

TEST_F(RpcGoMicroTest, only_its_nodes_are_sent_its_headers) {
  for (const bool micro : {true, false}) {
    service::testing::TestHost mine;
    Noting server;
    std::map<std::string, std::string> metadata{{"server", "grpc"}};
    if (!micro) metadata.emplace("hal", "0.1.0");
    mine.registry().put("micro", "127.0.0.1:42000", metadata);
    const auto listener = mine.memory().listen(mine.loop(), {"", 42000}, {}).value();
    mine.background().spawn(Noting::serve, &server, &mine.background(), listener.get());
    testing::EchoClient client{Channel{mine, "micro"}};
    EXPECT_FALSE(mine.run(say_to, &client));
    EXPECT_EQ(server.seen.get("content-type"),
              micro ? "application/grpc+proto" : "application/grpc");
    EXPECT_EQ(server.seen.contains("x-content-type"), micro);
    EXPECT_EQ(server.seen.get("timeout"),
              micro ? std::optional<std::string_view>{"5000000000"} : std::nullopt);
    EXPECT_EQ(server.seen.get("grpc-timeout"), "5000000u");
    mine.shut_down();
  }
}

}  // namespace
}  // namespace hal::rpc
