// Server: a gRPC server on every worker of its host.
#pragma once

#include <hal/rpc/health.hpp>
#include <hal/rpc/service.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/accept_loop.hpp>
#include <hal/transport/http2_connection.hpp>

#include <memory>

namespace hal::rpc {

/// Connections, their age and their limits: see http2; one that floods the server is cut, with a
/// warning every 10 s and worker at most that names the limit and the client. Its age_max and
/// age_grace count where the former is set, else the host's connection_age(). Metadata over its
/// header_list_bytes is answered with RESOURCE_EXHAUSTED, unless its header_list_answer is set to
/// something else.
struct ServerOptions {
  transport::Http2Options http2{};
  transport::AcceptOptions accept{};
  /// Set: TLS with this certificate and key, and only for clients of a CA if one is given. Not set:
  /// what the host says. "h2" is the protocol to agree on, whatever `alpn` holds.
  std::optional<net::TlsServerOptions> tls{};
  /// One request message; gRPC's default everywhere.
  std::size_t message_bytes_max = 4 * 1024 * 1024;
  /// Serve grpc.health.v1.Health, unless a service of that name is added.
  bool health = true;
  /// Serve grpc.reflection.v1 and v1alpha: whoever can call the server may read its .proto files.
  bool reflection = true;
};

/// `co_await rpc::Server{app}.add(greeter).run()`. Tracing, deadlines and panic-to-INTERNAL come
/// from the host; calls of health and reflection get no span. The host and the services must
/// outlive run().
class Server {
 public:
  explicit Server(service::Host& host, ServerOptions options = {});
  Server(Server&&) noexcept;
  ~Server();

  /// Two services of one name are a contract failure.
  Server& add(Service& service) &;
  Server&& add(Service& service) &&;
  /// A layer inside the host's; the first one added is the outermost.
  Server& layer(service::LayerPtr layer) &;
  Server&& layer(service::LayerPtr layer) &&;

  /// What health checks are told: for services that cannot work for a while. Thread-safe; valid as
  /// long as the server.
  [[nodiscard]] Health& health() noexcept;

  /// Listens on all workers and serves until the process has drained. kAlreadyExists, naming port
  /// and holder, when the port is taken; kInvalidArgument for a wrong certificate or key. Call
  /// once.
  Task<Result<>> run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hal::rpc
