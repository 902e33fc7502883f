// Router: which handler answers which request. A value, made by chaining.
#pragma once

#include <hal/http/extract.hpp>
#include <hal/http/results.hpp>
#include <hal/http/stream.hpp>
#include <hal/service/layer.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/trace/trace.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hal::http {

using layers::method_and_path_prefix;
using layers::not_path_prefix;
using layers::path_prefix;

/// `Router{api}.get("/api/v1/hello/:id", hello)`: the pattern's syntax is RouteTree's. A handler
/// is a plain function, or a lambda without captures, whose parameters are extractors (Path,
/// Query, Header, Json, State, const Request&, BodyStream, ResponseWriter) in any order, and whose
/// result is Json<T>, Created<T>, std::string or Response, by itself or in a Result (Result<> is
/// 204), each by itself or in a Task. An error
/// becomes {"error":{"code":...,"message":...}} with the HTTP status of its code.
///
/// A path without a route is 404; one with routes of other methods only is 405 with Allow. HEAD is
/// answered by GET's handler, OPTIONS by the router, unless there are routes for them.
///
/// Mistakes are contract failures when a route is added: a malformed pattern, two routes for the
/// same requests, a handler that asks for what its route does not have.
class Router {
 public:
  /// The objects behind State<T>, at most one of a type; they must outlive the router's copies.
  template <class... S>
    requires(!std::derived_from<std::remove_cv_t<S>, Router> && ...)
  explicit Router(S&... states) : states_{std::make_shared<const States>(states...)} {}

  /// Adds a route; `handler` as the class says. They return the router, to be chained.
  template <class Self, class F>
  Self&& get(this Self&& self, std::string_view pattern, F handler) {
    return std::forward<Self>(self).route("GET", pattern, handler);
  }
  template <class Self, class F>
  Self&& post(this Self&& self, std::string_view pattern, F handler) {
    return std::forward<Self>(self).route("POST", pattern, handler);
  }
  template <class Self, class F>
  Self&& put(this Self&& self, std::string_view pattern, F handler) {
    return std::forward<Self>(self).route("PUT", pattern, handler);
  }
  template <class Self, class F>
  Self&& patch(this Self&& self, std::string_view pattern, F handler) {
    return std::forward<Self>(self).route("PATCH", pattern, handler);
  }
  template <class Self, class F>
  Self&& del(this Self&& self, std::string_view pattern, F handler) {
    return std::forward<Self>(self).route("DELETE", pattern, handler);
  }
  template <class Self, class F>
  Self&& route(this Self&& self, std::string_view method, std::string_view pattern, F handler) {
    self.add(method, pattern, Handler{+handler});
    return std::forward<Self>(self);
  }

  /// The routes of `inner` behind a prefix ("/api/v1"), with its layers inside this router's.
  template <class Self>
  Self&& group(this Self&& self, std::string_view prefix, Router inner) {
    self.add_group(prefix, std::move(inner));
    return std::forward<Self>(self);
  }

  /// A layer around all routes of this router, wherever it stands in the chain, and around its
  /// 404s and 405s; the first one is the outermost. The host's layers are outside of it.
  template <class Self, std::derived_from<service::Layer> L>
  Self&& layer(this Self&& self, L layer) {
    self.layers_.push_back(std::make_shared<const L>(std::move(layer)));
    return std::forward<Self>(self);
  }
  template <class Self>
  Self&& layer(this Self&& self, service::LayerPtr layer) {
    self.layers_.push_back(std::move(layer));
    return std::forward<Self>(self);
  }
  /// Configures the Trace layer that the host has already. Not for the router of a group.
  template <class Self>
  Self&& layer(this Self&& self, layers::Trace trace) {
    self.trace_ = std::move(trace);
    return std::forward<Self>(self);
  }

  /// Configures the Deadline layer that the host has already, for all routes of this router; a
  /// group's own wins. Precondition: the timeout is positive.
  template <class Self>
  Self&& layer(this Self&& self, layers::Deadline deadline) {
    self.set_deadline(deadline);
    return std::forward<Self>(self);
  }

  /// For the Dispatcher: what the router is made of.
  struct Route {
    RouteInfo info;
    Handler handler;
    service::Layers layers;             ///< of the groups it is in, the outermost first
    std::optional<Duration> timeout{};  ///< of the innermost group that says one
  };
  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }
  [[nodiscard]] const service::Layers& layers() const noexcept { return layers_; }
  [[nodiscard]] const std::optional<layers::Trace>& trace() const noexcept { return trace_; }
  /// For routes without one of their own.
  [[nodiscard]] std::optional<Duration> timeout() const noexcept { return timeout_; }

 private:
  void add(std::string_view method, std::string_view pattern, Handler handler);
  void add_group(std::string_view prefix, Router inner);
  void set_deadline(layers::Deadline deadline);
  void check_conflicts(const Route& added) const;

  std::shared_ptr<const States> states_;
  std::vector<Route> routes_;
  service::Layers layers_;
  std::optional<layers::Trace> trace_;
  std::optional<Duration> timeout_;
};

}  // namespace hal::http
