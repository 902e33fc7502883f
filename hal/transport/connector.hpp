// Connector: connections to HTTP servers, encrypted where the origin says so.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/net/network.hpp>
#include <hal/net/tls.hpp>

#include <chrono>
#include <mutex>
#include <optional>

namespace hal::transport {

/// Scheme, host and port (RFC 6454 4): what a connection is good for.
struct Origin {
  /// http.
  Origin(net::Endpoint at) : endpoint{std::move(at)} {}  // NOLINT(google-explicit-constructor)
  Origin(net::Endpoint at, bool with_tls) : endpoint{std::move(at)}, tls{with_tls} {}

  net::Endpoint endpoint;
  bool tls = false;  ///< https

  friend bool operator==(const Origin&, const Origin&) = default;
};

struct ConnectorOptions {
  Duration connect_timeout = std::chrono::seconds{5};
  /// Of the TLS handshake that follows.
  Duration handshake_timeout = std::chrono::seconds{5};
  /// For https. Without a list of protocols "http/1.1" is offered (RFC 7301).
  net::TlsClientOptions tls{};
};

/// Thread-safe as its network is. Must outlive its Tasks.
class Connector {
 public:
  /// `network` must outlive it.
  Connector(net::Network& network, ConnectorOptions options);

  /// UNAVAILABLE as of Network::connect and TlsClient::connect, and for a phase that took longer
  /// than its timeout; DEADLINE_EXCEEDED for the caller's deadline. Both name the phase. The TLS
  /// options are looked at by the first https origin, which may read the system's CAs:
  /// INVALID_ARGUMENT, for each, when they are wrong. An https origin is never served by a
  /// connection that is not encrypted.
  Task<Result<std::unique_ptr<net::Stream>>> connect(Origin origin);

 private:
  const Result<net::TlsClient>& tls();

  net::Network& network_;
  const ConnectorOptions options_;
  std::once_flag tls_once_;
  std::optional<Result<net::TlsClient>> tls_;
};

/// `status` with "<phase><server>: " before the message if it tells of a deadline.
[[nodiscard]] Status timed_out(Status status, std::string_view phase, const net::Endpoint& server);

}  // namespace hal::transport
