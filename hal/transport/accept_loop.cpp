#include <hal/transport/accept_loop.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::transport {
namespace {

struct AcceptLoop {
  net::Listener& listener;
  ConnectionHandler& handler;
  service::Drain& drain;
  const AcceptOptions& options;
  const TlsSource& tls;
  service::ConnectionCount& count;
  std::size_t connections = 0;
  WaitQueue below_max{};
};

/// Counts a connection on every way out.
class Connection {
 public:
  explicit Connection(AcceptLoop& loop) noexcept : loop_{loop} {
    ++loop_.connections;
    ++loop_.count.accepted;
    ++loop_.count.open;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    --loop_.connections;
    --loop_.count.open;
    loop_.below_max.wake_one();
  }

 private:
  AcceptLoop& loop_;
};

Task<> serve_one(AcceptLoop* loop, std::unique_ptr<net::Stream> stream) {
  const Connection counted{*loop};
  const net::Endpoint peer = stream->peer();
  try {
    if (const auto tls = loop->tls ? loop->tls() : std::nullopt) {
      auto secured =
          co_await timeout(loop->options.tls_handshake_time, tls->accept(std::move(stream)));
      if (!secured) {
        log::debug("TLS with {} failed: {}", net::to_string(peer), secured.error().message());
        co_return;
      }
      stream = std::move(*secured);
    }
    co_await loop->handler.serve(std::move(stream));
  } catch (...) {
    log::error("the connection of {} failed: {}", net::to_string(peer),
               status_of_current_exception().message());
  }
}

Task<> watch_drain(AcceptLoop* loop) {
  if (!co_await loop->drain.wait()) co_return;
  loop->listener.cancel_accept();
  loop->below_max.wake_all();
}

Task<Result<>> accept_until_drained(Scope& scope, AcceptLoop* loop) {
  scope.spawn(watch_drain, loop);
  while (!loop->drain.started()) {
    if (loop->connections >= loop->options.connections_max) {
      co_await or_return(co_await loop->below_max.wait());
      continue;
    }
    auto stream = co_await loop->listener.accept();
    if (stream) {
      scope.spawn(serve_one, loop, std::move(*stream));
    } else if (!loop->drain.started()) {
      co_return error(stream.error().with_prefix("accepting connections"));
    }
  }
  // These clients are connected as far as they can tell: they are served as well.
  while (auto stream = loop->listener.try_accept()) {
    scope.spawn(serve_one, loop, std::move(stream));
  }
  loop->listener.close();
  co_return Result<>{};
}

}  // namespace

Task<Result<>> serve_connections(net::Listener& listener, ConnectionHandler& handler,
                                 const service::Worker& worker, const AcceptOptions& options,
                                 const TlsSource& tls) {
  service::ConnectionCount uncounted;
  AcceptLoop loop{listener,      handler,
                  *worker.drain, options,
                  tls,           worker.connections != nullptr ? *worker.connections : uncounted};
  co_return co_await with_scope(accept_until_drained, &loop);
}

}  // namespace hal::transport
