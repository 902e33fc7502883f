// A server of any protocol on all workers of its host: listen, tell the host, serve, drain.
#pragma once

#include <hal/transport/accept_loop.hpp>

#include <functional>
#include <memory>

namespace hal::transport {

/// Makes what serves one worker's connections; called on that worker's thread.
using MakeConnectionHandler =
    std::function<std::unique_ptr<ConnectionHandler>(const service::Worker& worker)>;

struct ServeOptions {
  AcceptOptions accept{};
  /// Not set: what the host says (Host::tls). The protocols to agree on are the server's own.
  std::optional<net::TlsServerOptions> tls{};
};

/// Listens at host.listen_endpoint() on every worker (a free port that the first one gets is
/// everybody's), calls host.on_listening() with `what` and where it is, and returns OK when all
/// workers have drained. Errors: those of Network::listen, TlsServer::make and of on_listening; the
/// reason of a stop. What `make` refers to must outlive it.
Task<Result<>> serve_on_workers(service::Host& host, service::Listening what,
                                MakeConnectionHandler make, ServeOptions options = {});

}  // namespace hal::transport
