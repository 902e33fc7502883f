// Server: an HTTP/1.1 server on every worker of its host.
#pragma once

#include <hal/http/router.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/accept_loop.hpp>
#include <hal/transport/http1_server.hpp>
#include <hal/wire/gzip.hpp>

#include <memory>
#include <optional>

namespace hal::http {

struct ServerOptions {
  /// Its age_max and age_grace count where the former is set, else the host's connection_age().
  transport::Http1ServerOptions http1{};
  transport::AcceptOptions accept{};
  /// Set: https with this certificate and key, and only for clients of a CA if one is given. Not
  /// set: what the host says. "http/1.1" is the protocol to agree on, whatever `alpn` holds.
  std::optional<net::TlsServerOptions> tls{};
  /// Set: a handler that takes whole bodies gets the content of one with Content-Encoding: gzip,
  /// at most so long; else 413, or 400 when it is not gzip. Not set, and for streamed bodies: it
  /// gets the bytes as they came.
  std::optional<wire::GunzipLimits> gunzip{};
};

/// `co_await http::Server{app, routes(api)}.run()`. Tracing, deadlines and panic-to-INTERNAL come
/// from the host. The host, and the router's states, must outlive run().
class Server {
 public:
  Server(service::Host& host, Router router, ServerOptions options = {});
  Server(Server&&) noexcept;
  ~Server();

  /// Listens at host.listen_endpoint() on all workers and serves until the process has drained.
  /// kAlreadyExists, naming port and holder, when the port is taken; kInvalidArgument for a wrong
  /// certificate or key. Call once.
  Task<Result<>> run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hal::http
