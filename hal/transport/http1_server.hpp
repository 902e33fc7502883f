// The server's side of one HTTP/1.1 connection (RFC 9112).
#pragma once

#include <hal/net/stream.hpp>
#include <hal/service/drain.hpp>
#include <hal/transport/http_body.hpp>
#include <hal/wire/http1.hpp>

#include <chrono>
#include <string_view>

namespace hal::transport {

struct Http1ServerOptions {
  /// Beyond one of them the request is refused: 413, 414, 431. `body_bytes` is for whole bodies.
  wire::http1::Limits limits{};
  /// A body that the handler reads as a stream; beyond it 413. It never lies in memory as a whole,
  /// but where it goes has an end.
  std::uint64_t stream_body_bytes = 1024 * 1024 * 1024;
  /// From a request's first byte to the end of its head; then 408. Slow heads are an attack.
  Duration header_timeout = std::chrono::seconds{10};
  /// From the head to the end of a whole body; then 408. Of a stream: for each piece that the
  /// handler waits for; all of it has the request's deadline.
  Duration body_timeout = std::chrono::seconds{30};
  /// Without a byte of a next request; then the connection is closed silently.
  Duration idle_timeout = std::chrono::seconds{60};
  /// One write that the client does not take in; then the connection is reset.
  Duration write_timeout = std::chrono::seconds{30};
  /// After draining has begun, an idle connection may still send a request: its client knew nothing
  /// of the drain. The answer says "Connection: close".
  Duration drain_idle_timeout = std::chrono::milliseconds{500};
  /// After a refusal, what the client still sends is read and dropped, so that it sees the answer.
  Duration linger_timeout = std::chrono::seconds{1};
  /// What a handler has left of a body is read and dropped up to here; then the connection ends.
  std::size_t unread_body_bytes = 256 * 1024;
  /// Then "Connection: close": long-lived connections move to other workers and instances.
  std::uint64_t requests_max = 1'000'000;
  /// After this time, too: as in a drain, an idle connection may still send one request. Zero:
  /// never.
  Duration age_max{0};
  /// Each connection's age_max is up to so much shorter or longer: they do not all leave at once.
  unsigned age_jitter_percent = 10;
  /// A request that is still under way so long after is stopped and its connection closed; zero: it
  /// may run on.
  Duration age_grace{0};
  /// Buffer of an idle connection; it grows while reads fill it, as far as one head needs.
  std::size_t read_bytes = 4 * 1024;
  /// Answers to pipelined requests are written together up to this size.
  std::size_t write_together_bytes = 64 * 1024;
};

/// What a server does with requests. One connection at a time calls it, from its own loop.
class Http1Handler {
 public:
  virtual ~Http1Handler() = default;

  /// Who takes in this request's body. Asked when the head is there and a body follows; `head` has
  /// no body yet. Must not throw.
  virtual BodyUse body_use(const HttpRequest& head) const;

  /// Fills in the response. Both belong to the connection, whose memory they reuse; what is moved
  /// out of the request is the handler's. Must not throw: an exception is answered by refuse(500).
  /// Runs with a StopSource of its own: stopped with CANCELLED when the client closes meanwhile.
  /// The limit: that is seen by reading, and nothing is read while the buffer is full of pipelined
  /// requests or holds body that the handler has not read; the request's deadline ends it then.
  /// For whole bodies; a handler overrides this or handle_exchange().
  virtual Task<> handle(HttpRequest& request, HttpResponse& response);

  /// The same with streams. A body that was asked for by kStream is read from the socket only as
  /// far as the handler reads it, one read ahead, and a client that waits for "100 Continue" gets
  /// it with the first read(). A body that turns out to be too long, too slow or no HTTP is
  /// answered with 413, 408 or 400, whatever the handler does, unless it has started to answer.
  /// An exception after the writer was started abandons the answer.
  virtual Task<> handle_exchange(HttpExchange& exchange);

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
