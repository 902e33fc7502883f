// Stream: a connection as bytes in both directions.
#pragma once

#include <hal/async/stop.hpp>
#include <hal/async/task.hpp>
#include <hal/net/endpoint.hpp>

#include <coroutine>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace hal::net {

/// Derive, and hand to start_read or start_write. It must live until on_complete has been called.
class IoOp {
 public:
  IoOp() = default;
  IoOp(const IoOp&) = delete;
  IoOp& operator=(const IoOp&) = delete;

  /// Called once, in a later turn of the loop than the call that started or cancelled the
  /// operation, so that it may resume a coroutine or destroy the stream.
  virtual void on_complete(Result<std::size_t> result) noexcept = 0;

 protected:
  ~IoOp() = default;
};

class ReadAwaiter;
class WriteAwaiter;

/// One connection. Belongs to one loop: not thread-safe. At most one read and one write run at a
/// time, and none when it is destroyed, which closes it. Errors: UNAVAILABLE when the peer or the
/// network ended the connection (with the peer's address in the message), CANCELLED after
/// cancel_..., close or abort by this side.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// `auto n = co_await stream.read_some(buffer);` Waits for at least one byte; 0 is the end of
  /// what the peer sends. A stop ends it with the stop's reason, unless bytes have been read.
  [[nodiscard]] ReadAwaiter read_some(std::span<char> buffer) noexcept;
  /// `Result<> written = co_await stream.write_all(data);` After a stop, as after any error, an
  /// unknown part of `data` has been sent: the stream is only good for closing.
  [[nodiscard]] WriteAwaiter write_all(std::string_view data) noexcept;

  /// The same without a coroutine. A result that is there at once is returned and `op` is not
  /// used; nullopt: op.on_complete follows. `buffer` must not be empty, and it, or `data`, must
  /// live until then. A write's result is data.size().
  [[nodiscard]] virtual std::optional<Result<std::size_t>> start_read(IoOp& op,
                                                                      std::span<char> buffer) = 0;
  [[nodiscard]] virtual std::optional<Result<std::size_t>> start_write(IoOp& op,
                                                                       std::string_view data) = 0;
  /// The running operation completes with CANCELLED, or with the result it has by then. Nothing
  /// happens when none runs.
  virtual void cancel_read() noexcept = 0;
  virtual void cancel_write() noexcept = 0;

  /// The peer reads the end of the stream; reading goes on. Idempotent.
  virtual void shutdown_write() noexcept = 0;
  /// Ends both directions; what has been written is still sent. Running operations complete with
  /// CANCELLED. Idempotent.
  virtual void close() noexcept = 0;
  /// As close, but the peer sees a reset and what was not sent yet is lost.
  virtual void abort() noexcept = 0;

  /// The addresses of both ends. The peer stays known after close; local() is empty then.
  [[nodiscard]] virtual Endpoint peer() const = 0;
  [[nodiscard]] virtual Endpoint local() const = 0;
};

namespace detail {

/// What reading and writing share: waiting for the operation, and for a stop.
class StreamAwaiter : protected IoOp, protected StopCallback {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }

 protected:
  explicit StreamAwaiter(Stream& stream) noexcept : stream_{stream} {}
  ~StreamAwaiter() = default;

  /// Notes the reason and returns true if the Context has been stopped already.
  bool stopped(const Context& context);
  /// True if the coroutine is to wait for on_complete.
  bool suspend(std::optional<Result<std::size_t>> immediate, std::coroutine_handle<> coroutine,
               const Context& context);

  Stream& stream_;
  Status stop_reason_;
  Result<std::size_t> result_{};

 private:
  void on_complete(Result<std::size_t> result) noexcept final;
  std::coroutine_handle<> coroutine_;
};

}  // namespace detail

class [[nodiscard]] ReadAwaiter final : public detail::StreamAwaiter {
 public:
  ReadAwaiter(Stream& stream, std::span<char> buffer) noexcept
      : StreamAwaiter{stream}, buffer_{buffer} {}
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  Result<std::size_t> await_resume() { return std::move(result_); }

 private:
  void on_stop(const Status& reason) noexcept override;
  std::span<char> buffer_;
};

class [[nodiscard]] WriteAwaiter final : public detail::StreamAwaiter {
 public:
  WriteAwaiter(Stream& stream, std::string_view data) noexcept
      : StreamAwaiter{stream}, data_{data} {}
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  Result<> await_resume();

 private:
  void on_stop(const Status& reason) noexcept override;
  std::string_view data_;
};

inline ReadAwaiter Stream::read_some(std::span<char> buffer) noexcept { return {*this, buffer}; }
inline WriteAwaiter Stream::write_all(std::string_view data) noexcept { return {*this, data}; }

}  // namespace hal::net
