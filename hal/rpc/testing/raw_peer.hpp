// Peers that break gRPC's rules: HTTP/2 connections with headers and bytes of the test's choice.
#pragma once

#include <hal/async/or_return.hpp>
#include <hal/net/network.hpp>
#include <hal/transport/http2_connection.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hal::rpc::testing {

struct RawResponse {
  Headers headers;
  std::string body;
  Headers trailers;
};

inline Task<> run_raw(std::shared_ptr<transport::Http2Connection> connection) {
  (void)co_await connection->run();
}

/// Sends a request and returns what comes back; the connection runs in `background`.
inline Task<Result<RawResponse>> raw_call(net::Network* network, Scope* background,
                                          net::Endpoint server, Headers headers, std::string body) {
  auto stream = co_await or_return(network->connect(server));
  const auto connection = transport::Http2Connection::client(std::move(stream), {});
  background->spawn(run_raw, connection);
  const auto request = co_await or_return(connection->open(headers, false));
  co_await or_return(request->send(std::move(body), true));
  RawResponse response;
  while (!request->ended()) {
    if (!request->failure().ok()) co_return error(request->failure());
    co_await or_return(co_await request->changed());
  }
  response.headers = request->headers();
  response.trailers = request->trailers();
  response.body = request->take_data();
  connection->shutdown();
  co_return response;
}

/// Answers each request with what `answer` says, once the request is complete.
class RawServer final : public transport::Http2Handler {
 public:
  using Answer = std::function<RawResponse(int number)>;
  explicit RawServer(Answer answer) : answer_{std::move(answer)} {}

  Task<> handle(std::unique_ptr<transport::Http2Stream> stream) override {
    const int number = requests++;
    while (!stream->ended() && stream->failure().ok()) {
      (void)stream->take_data();
      if (!co_await stream->changed()) co_return;
    }
    RawResponse response = answer_(number);
    if (response.headers.empty()) co_return;  // leaves: resets the stream
    const bool only_headers = response.body.empty() && response.trailers.empty();
    (void)stream->respond(response.headers, only_headers);
    if (only_headers) co_return;
    (void)stream->send(response.body, response.trailers.empty());
    if (!response.trailers.empty()) (void)stream->send_trailers(response.trailers);
  }

  /// Accepts until it is stopped. Each connection has a Drain of its own in `drains`.
  static Task<> serve(RawServer* self, Scope* background, net::Listener* listener) {
    for (;;) {
      auto stream = co_await listener->accept();
      if (!stream) co_return;
      auto& drain = self->drains.emplace_back(std::make_unique<service::Drain>());
      background->spawn(run_raw,
                        transport::Http2Connection::server(std::move(*stream), {}, *self, *drain));
    }
  }

  int requests = 0;
  std::vector<std::unique_ptr<service::Drain>> drains;

 private:
  Answer answer_;
};

}  // namespace hal::rpc::testing
