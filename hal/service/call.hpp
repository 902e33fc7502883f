// Call: one request as layers see it, whichever protocol and side it belongs to.
#pragma once

#include <hal/async/timer.hpp>
#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace hal::service {

class CallEnd;

enum class Kind : std::uint8_t { kServer, kClient };
enum class Protocol : std::uint8_t { kHttp, kGrpc };

/// What it is called where TLS agrees on a protocol (RFC 7301).
[[nodiscard]] constexpr std::string_view alpn_of(Protocol protocol) noexcept {
  return protocol == Protocol::kGrpc ? "h2" : "http/1.1";
}

/// Views are valid while the call runs. One loop; not thread-safe.
struct Call {
  Kind kind = Kind::kServer;
  Protocol protocol = Protocol::kHttp;
  /// HTTP: the method ("GET"). gRPC: the full method name, "greeter.Greeter/SayHello".
  std::string_view method{};
  /// HTTP: the path without the query. gRPC: "/greeter.Greeter/SayHello".
  std::string_view path{};
  /// HTTP: without the '?'.
  std::string_view query{};
  /// HTTP server: the matched pattern, "/api/v1/hello/:id"; empty when no route matches.
  std::string_view route{};
  std::string_view scheme = "http";
  /// Server: who calls. Client: who is called (a name, or an address where there is no name).
  std::string_view peer_host{};
  std::uint16_t peer_port = 0;

  /// Server: what came in. Client: what goes out; layers may add to it.
  Headers* request_headers = nullptr;
  /// Server: what goes out, layers may add to it. Client: what came back, once it has.
  Headers* response_headers = nullptr;

  /// Server: the time the caller gives (grpc-timeout), if it says so.
  std::optional<Duration> timeout{};
  /// Server: what the route says of requests without one, instead of the deadline layer's default.
  std::optional<Duration> default_timeout{};
  /// gRPC: either side may send many messages. Such a call lasts as long as its caller wants.
  bool streaming = false;

  /// The outcome, set by the innermost handler: OK until then.
  Status status{};
  /// HTTP: the response's status; 0 until there is one. gRPC: unused.
  int http_status = 0;
  /// Client: set when the response's body comes after the layers have run. A layer whose work lasts
  /// as long as the call leaves the rest of it here, once `next` has succeeded.
  CallEnd* end = nullptr;
};

}  // namespace hal::service
