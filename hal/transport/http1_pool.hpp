// Connections of HTTP/1.1 clients, kept for the next request.
#pragma once

#include <hal/net/network.hpp>
#include <hal/transport/http1_client.hpp>

#include <chrono>
#include <vector>

namespace hal::transport {

struct Http1PoolOptions {
  /// Beyond one of them an exchange fails with INTERNAL.
  wire::http1::Limits limits{};
  Duration connect_timeout = std::chrono::seconds{5};
  /// From the first byte sent to the last byte received.
  Duration exchange_timeout = std::chrono::seconds{30};
  /// Below what common servers keep an idle connection (60 s and more; Node.js 5 s).
  Duration idle_timeout = std::chrono::seconds{30};
  /// Idle connections of one worker; the longest unused is closed for a new one.
  std::size_t idle_max = 64;
  /// Requests under way on one worker, each on its own connection; more are RESOURCE_EXHAUSTED.
  std::size_t active_max = 1024;
};

/// Each worker has connections of its own, and only its thread touches them: thread-safe as long
/// as it is used on workers' loops. Must outlive its exchanges.
class Http1Pool {
 public:
  /// `network` must outlive it. `workers`: loop->worker_index() is below it.
  Http1Pool(net::Network& network, std::size_t workers, const Http1PoolOptions& options = {});

  /// As Http1Client::exchange, on an idle connection to the server or a new one. A request that
  /// may be repeated (RFC 9110 9.2.2: GET, HEAD, OPTIONS, TRACE, PUT, DELETE) is sent again, once,
  /// when the server had closed the idle connection; before any other request the connection is
  /// checked. DEADLINE_EXCEEDED names the phase that took too long. `request` must outlive it.
  Task<Result<HttpResponse>> exchange(net::Endpoint server, const HttpRequest& request);

  /// Of the calling worker.
  [[nodiscard]] std::size_t idle_connections() const;

 private:
  struct Idle {
    net::Endpoint server;
    std::unique_ptr<Http1Client> client;
    TimePoint since;
  };
  struct Slot {
    std::vector<Idle> idle;  // oldest first
    std::size_t active = 0;
  };
  class Active;

  Slot& slot(const Loop& loop);
  void drop_expired(Slot& slot, TimePoint now) const;
  static std::unique_ptr<Http1Client> take(Slot& slot, const net::Endpoint& server);
  void put(Slot& slot, const net::Endpoint& server, std::unique_ptr<Http1Client> client,
           TimePoint now) const;
  Task<Result<std::unique_ptr<Http1Client>>> connect(const net::Endpoint& server);

  net::Network& network_;
  Http1PoolOptions options_;
  std::vector<Slot> slots_;
};

}  // namespace hal::transport
