// A read or a write that goes on while the coroutine that started it does something else.
#pragma once

#include <hal/net/stream.hpp>

#include <optional>
#include <utility>

namespace hal::transport {

/// One operation at a time on a stream, which must outlive it. Started by read() or write(), it is
/// over when running() is false; then take() gives its result, once. Must not be destroyed while
/// it runs: cancel() and wait. One loop; not thread-safe.
class PendingIo : private net::IoOp, private StopCallback {
 public:
  explicit PendingIo(net::Stream& stream) noexcept : stream_{stream} {}
  virtual ~PendingIo() = default;

  /// Precondition of both: neither running nor with a result that was not taken.
  void read(std::span<char> into) { begin(false, stream_.start_read(*this, into)); }
  void write(std::string_view data) { begin(true, stream_.start_write(*this, data)); }

  [[nodiscard]] bool running() const noexcept { return running_; }
  [[nodiscard]] bool has_result() const noexcept { return result_.has_value(); }
  [[nodiscard]] Result<std::size_t> take();
  /// Nothing happens when it does not run; else it ends soon, with CANCELLED or its result.
  void cancel() noexcept;

  class [[nodiscard]] Waiter {
   public:
    explicit Waiter(PendingIo& io) noexcept : io_{io} {}
    [[nodiscard]] bool await_ready() const noexcept { return !io_.running_; }
    void await_suspend(std::coroutine_handle<> coroutine, Context& context) {
      io_.coroutine_ = coroutine;
      io_.attach(context.stop);
    }
    void await_resume() const noexcept {}

   private:
    PendingIo& io_;
  };
  /// `co_await io.wait();` Resumes when it is over. A stop of the Context cancels it.
  Waiter wait() noexcept { return Waiter{*this}; }

 protected:
  /// It is over and nobody waits for it. Must not destroy this object.
  virtual void finished_alone() noexcept {}

 private:
  void begin(bool writes, std::optional<Result<std::size_t>> immediate);
  void on_complete(Result<std::size_t> result) noexcept final;
  void on_stop(const Status&) noexcept final { cancel(); }

  net::Stream& stream_;
  std::coroutine_handle<> coroutine_;
  std::optional<Result<std::size_t>> result_;
  bool running_ = false;
  bool writes_ = false;
};

}  // namespace hal::transport
