// Listener: accepts connections.
#pragma once

#include <hal/net/io_loop.hpp>
#include <hal/net/stream.hpp>

#include <cstdint>
#include <memory>

namespace hal::net {

struct ListenOptions {
  /// Connections that wait to be accepted; the kernel caps it at net.core.somaxconn.
  int backlog = 1024;
  /// How long accepting pauses when the process or the machine has no descriptor left.
  Duration pause_when_full = std::chrono::milliseconds{100};
};

/// Derive, and hand to start_accept. It must live until on_accept has been called.
class AcceptOp {
 public:
  AcceptOp() = default;
  AcceptOp(const AcceptOp&) = delete;
  AcceptOp& operator=(const AcceptOp&) = delete;
  /// Called once, in a later turn of the loop; see IoOp::on_complete.
  virtual void on_accept(Result<std::unique_ptr<Stream>> stream) noexcept = 0;

 protected:
  ~AcceptOp() = default;
};

class AcceptAwaiter;

/// A listening socket of one loop: not thread-safe. At most one accept runs at a time, and none
/// when it is destroyed, which closes it.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  /// `Result<std::unique_ptr<Stream>> stream = co_await listener.accept();` A stop ends it with
  /// its reason, close() with CANCELLED. Connections that fail before they are accepted are
  /// skipped and counted; with no descriptor left it pauses, counts, and tries again.
  [[nodiscard]] AcceptAwaiter accept() noexcept;

  /// A connection that is waiting already, or null: what is left in the queue before close().
  [[nodiscard]] virtual std::unique_ptr<Stream> try_accept() = 0;

  /// The same as accept without a coroutine; see Stream::start_read.
  [[nodiscard]] virtual std::optional<Result<std::unique_ptr<Stream>>> start_accept(
      AcceptOp& op) = 0;
  /// The running accept completes with CANCELLED, or with the connection it has by then.
  virtual void cancel_accept() noexcept = 0;

  /// Idempotent. Connections in the queue are reset.
  virtual void close() noexcept = 0;
  /// Where it listens, with the port that was chosen for port 0.
  [[nodiscard]] virtual Endpoint local() const = 0;
  /// How many accepts failed since the listener was opened.
  [[nodiscard]] virtual std::uint64_t accept_errors() const noexcept = 0;
};

class [[nodiscard]] AcceptAwaiter final : private AcceptOp, private StopCallback {
 public:
  explicit AcceptAwaiter(Listener& listener) noexcept : listener_{listener} {}
  ~AcceptAwaiter() = default;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  Result<std::unique_ptr<Stream>> await_resume() { return std::move(result_); }

 private:
  void on_accept(Result<std::unique_ptr<Stream>> stream) noexcept override;
  void on_stop(const Status& reason) noexcept override;

  Listener& listener_;
  std::coroutine_handle<> coroutine_;
  Status stop_reason_;
  Result<std::unique_ptr<Stream>> result_{};
};

inline AcceptAwaiter Listener::accept() noexcept { return AcceptAwaiter{*this}; }

/// Listens on TCP. Every worker opens its own listener of the same endpoint and the kernel shares
/// the connections out (SO_REUSEPORT). `endpoint.host`: an address, "localhost", or empty for all
/// addresses, IPv6 and IPv4. INVALID_ARGUMENT for another name; ALREADY_EXISTS when another
/// process holds the port, with who it is (port_holder.hpp), even if the kernel would share it;
/// PERMISSION_DENIED; UNAVAILABLE for an address this machine has not.
[[nodiscard]] Result<std::unique_ptr<Listener>> listen_tcp(IoLoop& loop, const Endpoint& endpoint,
                                                           const ListenOptions& options = {});

}  // namespace hal::net
