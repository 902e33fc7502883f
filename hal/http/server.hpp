// Server: an HTTP/1.1 server on every worker of its host.
#pragma once

#include <hal/http/router.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/accept_loop.hpp>
#include <hal/transport/http1_server.hpp>

#include <memory>

namespace hal::http {

struct ServerOptions {
  transport::Http1ServerOptions http1{};
  transport::AcceptOptions accept{};
};

/// `co_await http::Server{app, routes(api)}.run()`. Tracing, deadlines and panic-to-INTERNAL come
/// from the host. The host, and the router's states, must outlive run().
class Server {
 public:
  Server(service::Host& host, Router router, ServerOptions options = {});
  Server(Server&&) noexcept;
  ~Server();

  /// Listens at host.listen_endpoint() on all workers and serves until the process has drained.
  /// kAlreadyExists, naming port and holder, when the port is taken. Call once.
  Task<Result<>> run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hal::http
