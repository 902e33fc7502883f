// One HTTP/2 stream as a coroutine sees it: what has come in, and what may go out.
#pragma once

#include <hal/async/frame_pool.hpp>
#include <hal/async/stop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/wire/http2.hpp>

#include <memory>
#include <string>

namespace hal::transport {

class Http2Connection;

/// Either side of a stream; one request. Destroying it before it has ended resets the stream.
/// Belongs to the connection's loop; not thread-safe.
///
/// Reading is state plus a wait: look at headers_received(), take_data(), ended(); when there is
/// nothing to do yet, `co_await or_return(co_await stream.changed())` and look again.
class Http2Stream {
 public:
  Http2Stream(std::shared_ptr<Http2Connection> connection, wire::http2::StreamId id,
              StopSource* parent);
  Http2Stream(const Http2Stream&) = delete;
  Http2Stream& operator=(const Http2Stream&) = delete;
  ~Http2Stream();
  /// Each request needs one: from the worker's free lists, as coroutine frames.
  static void* operator new(std::size_t size) { return hal::detail::allocate_frame(size); }
  static void operator delete(void* stream, std::size_t size) noexcept {
    hal::detail::free_frame(stream, size);
  }

  [[nodiscard]] wire::http2::StreamId id() const noexcept { return id_; }
  [[nodiscard]] Http2Connection& connection() const noexcept { return *connection_; }
  /// Server: stopped when the client resets the stream or the connection ends.
  [[nodiscard]] StopSource& stop() noexcept { return stop_; }

  /// Wakes when anything below has changed; an error is the reason of a stop of the caller.
  [[nodiscard]] WaitQueue::Waiter changed() noexcept { return changed_.wait(); }

  [[nodiscard]] bool headers_received() const noexcept { return headers_received_; }
  /// Pseudo headers included.
  [[nodiscard]] Headers& headers() noexcept { return headers_; }
  [[nodiscard]] Headers& trailers() noexcept { return trailers_; }
  /// Body bytes that have come since the last call; lets the peer send as many more.
  [[nodiscard]] std::string take_data();
  [[nodiscard]] bool has_data() const noexcept { return !data_.empty(); }
  /// The peer has sent everything.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Not OK once the stream is gone without having ended on both sides: kUnavailable for a lost
  /// connection, kResourceExhausted for a header list over the limit, else the code for the peer's
  /// RST_STREAM.
  [[nodiscard]] const Status& failure() const noexcept { return failure_; }
  /// The peer has certainly not processed the request: it may be sent again (RFC 9113 8.7).
  [[nodiscard]] bool refused() const noexcept { return refused_; }

  /// Server: the response's headers, ":status" first. kUnavailable when the stream is gone;
  /// kResourceExhausted for more of them than this side or the client allows: nothing is sent then,
  /// a smaller answer may be. The same holds for send_trailers().
  [[nodiscard]] Result<> respond(const Headers& headers, bool end_stream);
  /// Queues body bytes and returns at once; see sendable(). Errors, of send_trailers() too:
  /// failure() once it is not OK, kNotFound for a stream that is gone, kFailedPrecondition after
  /// the end was sent.
  [[nodiscard]] Result<> send(std::string bytes, bool end_stream);
  [[nodiscard]] Result<> send_trailers(const Headers& trailers);
  /// Of send(), not yet on their way.
  [[nodiscard]] std::size_t queued_bytes() const noexcept;
  /// Waits until little enough is queued to send more: back-pressure for streams of messages. The
  /// error is failure(), or the reason of a stop.
  Task<Result<>> sendable();

 private:
  friend class Http2Connection;
  void closed(wire::http2::ErrorCode code);
  void fail(Status status);

  std::shared_ptr<Http2Connection> connection_;
  const wire::http2::StreamId id_;
  StopSource stop_;
  WaitQueue changed_;
  Headers headers_;
  Headers trailers_;
  std::string data_;
  TimePoint received_at_{};  // server
  Status failure_;
  bool headers_received_ = false;
  bool ended_ = false;
  bool end_sent_ = false;  // queued, at least
  bool refused_ = false;
  bool gone_ = false;
};

}  // namespace hal::transport
