// A node of a service that a test starts, kills, drains and starts again.
#pragma once

#include <hal/rpc/message.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/refusing_connection.hpp>
#include <hal/transport/http2_connection.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hal::rpc::testing {

/// What a node does with a request that is complete.
enum class Behaviour : std::uint8_t {
  kAnswer,       ///< OK, with the node's port as text
  kHold,         ///< waits for release(), then answers
  kUnavailable,  ///< UNAVAILABLE, in trailers only
  kReset,        ///< gives the stream up
  kRefuse,       ///< REFUSED_STREAM at its head, on connections made while this holds
};

/// Listens on a port of the host's network in memory. Must outlive the host's shut_down().
class FakeNode final : public transport::Http2Handler {
 public:
  FakeNode(service::testing::TestHost& host, std::uint16_t port) : host_{host}, port_{port} {}

  void start() {
    listeners_.push_back(host_.memory().listen(host_.loop(), {"", port_}, {}).value());
    host_.background().spawn(accept_all, this, listeners_.back().get());
  }
  /// As kill -9 does: connections are reset, nobody listens any more.
  void kill() {
    listeners_.back()->close();
    host_.memory().cut(port_);
  }
  /// GOAWAY to every connection there is; new ones are taken.
  void drain() {
    for (auto& drain : drains_) drain->start();
  }
  /// The registry knows it; returns its id.
  std::string enlist() {
    host_.registry().put("echo", address());
    return host_.registry().nodes().back().id;
  }
  void release() {
    behaviour = Behaviour::kAnswer;
    released_.wake_all();
  }
  [[nodiscard]] std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

  Task<> handle(std::unique_ptr<transport::Http2Stream> stream) override {
    ++requests;
    attempts_seen.push_back(
        std::string{stream->headers().get("grpc-previous-rpc-attempts").value_or("")});
    ++open;
    most_open = std::max(most_open, open);
    (void)co_await answer(this, stream.get());
    --open;
  }

  Behaviour behaviour = Behaviour::kAnswer;
  Headers trailers{};  ///< added to those of kUnavailable
  transport::Http2Options options{};
  int requests = 0;
  int open = 0;
  int most_open = 0;
  int connections = 0;
  int connected = 0;  ///< now
  std::vector<std::string> attempts_seen{};

 private:
  static Task<Result<>> answer(FakeNode* self, transport::Http2Stream* stream) {
    while (!stream->ended() && stream->failure().ok())
      co_await or_return(co_await stream->changed());
    while (self->behaviour == Behaviour::kHold) {
      co_await or_return(co_await self->released_.wait());
    }
    Headers head{{":status", "200"}, {"content-type", "application/grpc"}};
    if (self->behaviour == Behaviour::kReset) co_return Result<>{};
    if (self->behaviour == Behaviour::kUnavailable) {
      head.add("grpc-status", "14");
      for (const auto field : self->trailers) head.add(field.name, field.value);
      co_return stream->respond(head, true);
    }
    Reply reply;
    reply.set_text(fmt::format("{}", self->port_));
    co_await or_return(stream->respond(head, false));
    co_await or_return(stream->send(frame_message(reply).value(), false));
    co_return stream->send_trailers({{"grpc-status", "0"}});
  }

  static Task<> accept_all(FakeNode* self, net::Listener* listener) {
    for (;;) {
      auto stream = co_await listener->accept();
      if (!stream) co_return;
      ++self->connections;
      if (self->behaviour == Behaviour::kRefuse) {
        self->host_.background().spawn(run_refusing, self, std::move(*stream));
        continue;
      }
      self->drains_.push_back(std::make_unique<service::Drain>());
      self->host_.background().spawn(
          run_connection, self,
          transport::Http2Connection::server(std::move(*stream), self->options, *self,
                                             *self->drains_.back()));
    }
  }
  static Task<> run_connection(FakeNode* self,
                               std::shared_ptr<transport::Http2Connection> connection) {
    ++self->connected;
    (void)co_await connection->run();
    --self->connected;
  }

  /// Once the behaviour is another one, it answers.
  static Task<> run_refusing(FakeNode* self, std::unique_ptr<net::Stream> stream) {
    RefusingConnection connection{std::move(stream), [self]() -> std::optional<std::string> {
                                    ++self->requests;
                                    if (self->behaviour == Behaviour::kRefuse) return std::nullopt;
                                    return fmt::format("{}", self->port_);
                                  }};
    ++self->connected;
    co_await connection.run();
    --self->connected;
  }

  service::testing::TestHost& host_;
  const std::uint16_t port_;
  WaitQueue released_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<std::unique_ptr<service::Drain>> drains_;
};

/// Counts how calls end.
struct Outcomes {
  int ok = 0;
  std::vector<Status> failures{};
  std::map<std::string, int> answered_by{};
};

inline Task<> call_once(const EchoClient* client, CallOptions options, Outcomes* outcomes) {
  const auto reply = co_await client->say(request("x"), std::move(options));
  if (reply) {
    ++outcomes->ok;
    ++outcomes->answered_by[reply->text()];
  } else {
    outcomes->failures.push_back(reply.error());
  }
}

/// Up to three nodes, and a channel to them whose choices are the same in each run.
class NodesTest : public ::testing::Test {
 protected:
  NodesTest() {
    for (std::uint16_t port = 41000; port < 41003; ++port) {
      nodes.push_back(std::make_unique<FakeNode>(host, port));
    }
    options.seed = 7;
  }
  ~NodesTest() override { host.shut_down(); }

  void start(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      nodes[i]->start();
      nodes[i]->enlist();
    }
  }
  const EchoClient& client() {
    if (!client_) client_.emplace(Channel{host, "echo", options});
    return *client_;
  }
  /// Begins calls and leaves them running.
  void begin(int count, const CallOptions& call_options = {}) {
    for (int i = 0; i < count; ++i) {
      host.background().spawn(call_once, &client(), call_options, &outcomes);
    }
    host.manual_loop().run_ready();
  }
  Status call(const CallOptions& call_options = {}) {
    Outcomes one;
    host.run(call_and_return, &client(), call_options, &one).value();
    for (const auto& [node, count] : one.answered_by) outcomes.answered_by[node] += count;
    return one.ok == 1 ? Status{} : one.failures.at(0);
  }
  void advance(Duration duration) { host.manual_loop().advance(duration); }

  service::testing::TestHost host;
  ChannelOptions options;
  Outcomes outcomes;
  std::vector<std::unique_ptr<FakeNode>> nodes;

 private:
  static Task<Result<>> call_and_return(const EchoClient* client, CallOptions options,
                                        Outcomes* outcomes) {
    co_await call_once(client, std::move(options), outcomes);
    co_return Result<>{};
  }
  std::optional<EchoClient> client_;
};

}  // namespace hal::rpc::testing
