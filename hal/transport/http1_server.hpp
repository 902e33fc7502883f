// The server's side of one HTTP/1.1 connection (RFC 9112).
#pragma once

#include <hal/net/stream.hpp>
#include <hal/service/drain.hpp>
#include <hal/transport/http_message.hpp>
#include <hal/wire/http1.hpp>

#include <chrono>
#include <string_view>

namespace hal::transport {

struct Http1ServerOptions {
  /// Beyond one of them the request is refused: 413, 414, 431.
  wire::http1::Limits limits{};
  /// From a request's first byte to the end of its head; then 408. Slow heads are an attack.
  Duration header_timeout = std::chrono::seconds{10};
  /// From the head to the end of the body; then 408.
  Duration body_timeout = std::chrono::seconds{30};
  /// Without a byte of a next request; then the connection is closed silently.
  Duration idle_timeout = std::chrono::seconds{60};
  /// One write that the client does not take in; then the connection is reset.
  Duration write_timeout = std::chrono::seconds{30};
  /// After draining has begun, a connection that was never used may still send its request.
  Duration drain_first_request = std::chrono::milliseconds{500};
  /// After a refusal, what the client still sends is read and dropped, so that it sees the answer.
  Duration linger_timeout = std::chrono::seconds{1};
  /// Then "Connection: close": long-lived connections move to other workers and instances.
  std::uint64_t requests_max = 1'000'000;
  /// Buffer of an idle connection; it grows while reads fill it, as far as one head needs.
  std::size_t read_bytes = 4 * 1024;
  /// Answers to pipelined requests are written together up to this size.
  std::size_t write_together_bytes = 64 * 1024;
};

/// What a server does with requests. One connection at a time calls it, from its own loop.
class Http1Handler {
 public:
  virtual ~Http1Handler() = default;

  /// Fills in the response. Both belong to the connection, whose memory they reuse; what is moved
  /// out of the request is the handler's. Must not throw: an exception is answered by refuse(500).
  /// Runs with a StopSource of its own: stopped with CANCELLED when the client closes meanwhile.
  virtual Task<> handle(HttpRequest& request, HttpResponse& response) = 0;

  /// Fills in the body of an answer that the connection gives by itself: the status (400, 408,
  /// 413, 414, 431, 500, 501, 505) is set. `message` is printable ASCII. Must not throw.
  virtual void refuse(int status, std::string_view message, HttpResponse& response) = 0;
};

/// Serves requests until the client closes, a request is no HTTP, a timeout or a drain; closes the
/// stream. Requests are answered in order; pipelined ones wait in the buffer, which is bounded by
/// the header limits. All arguments must outlive it.
Task<> serve_http1(net::Stream& stream, Http1Handler& handler, const Http1ServerOptions& options,
                   service::Drain& drain);

}  // namespace hal::transport
