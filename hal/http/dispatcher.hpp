// Dispatcher: from a request to its response, through layers and router, without a socket.
#pragma once

#include <hal/http/route_tree.hpp>
#include <hal/http/router.hpp>
#include <hal/net/endpoint.hpp>

#include <vector>

namespace hal::service {
class Refusals;
}  // namespace hal::service

namespace hal::http {

/// In the client's language; a cache is told that others get other words (RFC 9110 12.5.5).
void set_error_for(const Headers& request, Response& response, const ErrorKind& kind,
                   std::string_view message);

/// On the loop that serves the request; `refusals` may be null.
void count_refusal(service::Refusals* refusals, int http_status, std::string_view why,
                   const net::Endpoint& peer);

/// Immutable once made; thread-safe. Must outlive its requests.
class Dispatcher {
 public:
  /// `outer`: the host's layers, outside of the router's.
  explicit Dispatcher(Router router, service::Layers outer = {});

  /// Fills in the response, whatever happens: an exception that got through the layers is a 500
  /// and a log line. A response that a handler has started and not finished is abandoned. All
  /// arguments must outlive it. A target that is none is refused and counted in `refusals`.
  Task<> run(transport::HttpExchange& exchange, const net::Endpoint& peer,
             std::string_view scheme = "http", service::Refusals* refusals = nullptr) const;

  /// Who takes in the body of this request: the handler when it has a BodyStream; nobody, so that
  /// it is a stream too, when there is no handler.
  [[nodiscard]] transport::BodyUse body_use(const transport::HttpRequest& head) const;

 private:
  class Terminal;
  [[nodiscard]] const service::Layers& layers_of(std::size_t route) const;

  Router router_;
  RouteTree tree_;
  service::Layers layers_;                     // for requests without a route
  std::vector<service::Layers> route_layers_;  // by route
};

}  // namespace hal::http
