// Dispatcher: from a request to its response, through layers and router, without a socket.
#pragma once

#include <hal/http/route_tree.hpp>
#include <hal/http/router.hpp>
#include <hal/net/endpoint.hpp>

#include <vector>

namespace hal::http {

/// Immutable once made; thread-safe. Must outlive its requests.
class Dispatcher {
 public:
  /// `outer`: the host's layers, outside of the router's.
  explicit Dispatcher(Router router, service::Layers outer = {});

  /// Fills in `response`, whatever happens: an exception that got through the layers is a 500 and
  /// a log line. All arguments must outlive it.
  Task<> run(transport::HttpRequest& request, Response& response,
             const net::Endpoint& peer) const;

 private:
  class Terminal;
  [[nodiscard]] const service::Layers& layers_of(std::size_t route) const;

  Router router_;
  RouteTree tree_;
  service::Layers layers_;                     // for requests without a route
  std::vector<service::Layers> route_layers_;  // by route
};

}  // namespace hal::http
