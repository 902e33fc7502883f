#include <hal/http/router.hpp>

#include <hal/http/path.hpp>
#include <hal/http/route_tree.hpp>
#include <hal/wire/field.hpp>

namespace hal::http {
namespace {

/// Do two patterns stand for the same paths? Their parameters may have other names.
bool same_paths(std::string_view a, std::string_view b) {
  for (;;) {
    const Segment x = next_segment(a);
    const Segment y = next_segment(b);
    const auto kind = [](std::string_view text) {
      return text.starts_with(':') || text.starts_with('*') ? text.front() : '/';
    };
    if (x.last != y.last || kind(x.text) != kind(y.text)) return false;
    if (kind(x.text) == '/' && x.text != y.text) return false;
    if (x.last) return true;
  }
}

}  // namespace

void Router::check_conflicts(const Route& added) const {
  for (const Route& route : routes_) {
    expects(route.info.method != added.info.method ||
                !same_paths(route.info.pattern, added.info.pattern),
            fmt::format("routes {} {} and {} {} take the same requests", route.info.method,
                        route.info.pattern, added.info.method, added.info.pattern));
  }
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  expects(wire::valid_token(method), "the method of a route is a token");
  Route route{.info = {.method = std::string{method},
                       .pattern = std::string{pattern},
                       .names = RouteTree::parameters(pattern),
                       .states = states_},
              .handler = handler,
              .layers = {}};
  handler.check(route.info);
  check_conflicts(route);
  routes_.push_back(std::move(route));
}

void Router::set_deadline(layers::Deadline deadline) {
  expects(deadline.timeout > Duration::zero(), "a route's timeout is positive");
  timeout_ = deadline.timeout;
}

void Router::add_group(std::string_view prefix, Router inner) {
  expects(prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains(':') &&
              !prefix.contains('*'),
          fmt::format("group prefix '{}': it begins with '/', ends without, and has no parameters",
                      prefix));
  expects(!inner.trace_, "the trace layer is configured on the outermost router");
  for (Route& route : inner.routes_) {
    route.info.pattern.insert(0, prefix);
    route.layers.insert(route.layers.begin(), inner.layers_.begin(), inner.layers_.end());
    if (!route.timeout) route.timeout = inner.timeout_;
    check_conflicts(route);
    routes_.push_back(std::move(route));
  }
}

}  // namespace hal::http
