// Accepts connections on one worker, for servers of any protocol.
#pragma once

#include <hal/net/listener.hpp>
#include <hal/service/host.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace hal::transport {

struct AcceptOptions {
  /// Connections of this worker at a time; more wait in the kernel's queue until one ends. Idle,
  /// one takes about 12 KiB (HTTP/1.1) or 31 KiB (HTTP/2, of which 16 are nghttp2's), and up to 40
  /// KiB more with TLS: so many of them are 120 to 710 MB.
  std::size_t connections_max = 10'000;
  /// From a connection to the end of its TLS handshake: what says nothing goes.
  std::chrono::milliseconds tls_handshake_time{10'000};
};

/// Asked for each connection: what makes TLS of it, or nothing where it stays plain.
using TlsSource = std::function<std::optional<net::TlsServer>()>;

/// What a server does with a connection.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// Runs beside the other connections; ends when the connection does, soon after a stop and after
  /// the worker's drain has begun. An exception is logged and ends this connection only.
  virtual Task<> serve(std::unique_ptr<net::Stream> stream) = 0;
};

/// Accepts until the worker's drain has begun, then takes what is left in the accept queue, closes
/// the listener, and returns OK when the last connection has ended. A stop ends the connections,
/// too, and its reason is the result. Runs on the worker's loop; the arguments must outlive it.
Task<Result<>> serve_connections(net::Listener& listener, ConnectionHandler& handler,
                                 const service::Worker& worker, const AcceptOptions& options = {},
                                 const TlsSource& tls = {});

}  // namespace hal::transport
