// Client: HTTP/1.1 requests with the host's layers around them.
#pragma once

#include <hal/http/message.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/http1_pool.hpp>

namespace hal::http {

struct ClientOptions {
  /// Timeouts of each phase and limits of responses; the Context's deadline holds as well.
  transport::Http1PoolOptions pool{};
};

/// Keeps connections per worker. Thread-safe as long as it is used on workers' loops; must outlive
/// its requests. A response of any status is a Response; redirects are not followed.
class Client {
 public:
  /// With the host's client layers, so that requests carry the trace. `host` must outlive it.
  explicit Client(service::Host& host, ClientOptions options = {});
  /// With these layers, for calls that are no part of a trace. `workers`: how many use it.
  Client(net::Network& network, std::size_t workers, service::Layers layers,
         ClientOptions options = {});

  Task<Result<Response>> get(std::string url, Headers headers = {});
  /// Give Content-Type with the headers.
  Task<Result<Response>> post(std::string url, std::string body, Headers headers = {});
  /// INVALID_ARGUMENT: a malformed URL, method or header; UNIMPLEMENTED: https. UNAVAILABLE: no
  /// connection, or lost before the response was complete. DEADLINE_EXCEEDED, CANCELLED: as it
  /// says. INTERNAL: what came is no HTTP or over a limit. Host and User-Agent are added unless
  /// the headers have them.
  Task<Result<Response>> request(ClientRequest request);

 private:
  service::Layers layers_;
  transport::Http1Pool pool_;
};

}  // namespace hal::http
