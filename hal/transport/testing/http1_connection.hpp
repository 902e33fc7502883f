// One connection to an HTTP/1.1 server that echoes, with a script of bytes as its client.
#pragma once

#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/transport/http1_server.hpp>
#include <hal/transport/testing/raw_http.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace hal::transport::testing {

/// Answers "<method> <target> <body>"; targets that begin with a word do something else.
class EchoHandler final : public Http1Handler {
 public:
  Task<> handle(HttpRequest& request, HttpResponse& response) override {
    ++handled;
    if (request.target.starts_with("/sleep")) {
      const auto slept = co_await sleep(std::chrono::hours{1});
      ends.push_back(slept ? "slept" : slept.error().to_string());
    }
    if (request.target == "/yield") (void)co_await sleep(std::chrono::nanoseconds{1});
    if (request.target == "/throw") throw std::runtime_error{"boom"};
    if (request.target == "/empty") response.status = 204;
    if (request.target == "/bad-header") response.headers.add("x", "a\r\nb: c");
    if (request.target == "/big") response.body.assign(300'000, 'x');
    if (response.status == 204) co_return;
    response.body += fmt::format("{} {} {}", request.method, request.target, request.body);
  }
  void refuse(int status, std::string_view message, HttpResponse& response) override {
    response.body = fmt::format("refused {}: {}", status, message);
  }

  std::vector<std::string> ends;
  int handled = 0;
};

/// One connection to a server with these options.
struct Connection {
  explicit Connection(Http1ServerOptions server_options = {},
                      const net::testing::MemoryOptions& memory = {})
      : options{std::move(server_options)} {
    auto ends = net::testing::make_stream_pair(loop, memory);
    client = std::move(ends.first);
    server = std::move(ends.second);
  }

  template <class F, class... Values>
  static Task<Result<std::string>> beside(Scope& scope, Connection* self, F function,
                                          Values... values) {
    scope.spawn(&Connection::serve, self);
    auto result = co_await function(std::move(values)...);
    self->client->close();
    co_return result;
  }
  static Task<> serve(Connection* self) {
    co_await serve_http1(*self->server, *self->serves, self->options, self->drain);
    self->served_until = self->loop.now();
  }
  template <class F, class... Values>
  static Task<Result<std::string>> in_scope(Connection* self, F function, Values... values) {
    co_return co_await with_scope(beside<F, Values...>, self, std::move(function),
                                  std::move(values)...);
  }
  /// Runs `function(values...)` on the client's side beside the server; ends when both have.
  template <class F, class... Values>
  std::string run(F function, Values... values) {
    auto result = block_on(loop, in_scope<F, Values...>, this, function, std::move(values)...);
    return result ? without_date(*result) : result.error().to_string();
  }
  std::string talk(std::string bytes) {
    return run(transport::testing::talk, client.get(), std::move(bytes));
  }
  std::string talk_and_close(std::string bytes) {
    return run(transport::testing::talk_and_close, client.get(), std::move(bytes));
  }

  hal::testing::ManualLoop loop;
  Http1ServerOptions options;
  EchoHandler handler;
  Http1Handler* serves = &handler;
  service::Drain drain;
  TimePoint served_until{};
  std::unique_ptr<net::Stream> client;
  std::unique_ptr<net::Stream> server;
};

inline std::string get(std::string_view target, std::string_view more = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n", target, more);
}
inline std::string ok(std::string_view body, std::string_view more = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), more, body);
}
inline std::string refused(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status,
                     body.size(), body);
}
inline constexpr std::string_view kClose = "Connection: close\r\n";

}  // namespace hal::transport::testing
