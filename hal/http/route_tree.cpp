#include <hal/http/route_tree.hpp>

#include <hal/base/contract.hpp>
#include <hal/http/path.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace hal::http {

struct RouteTree::Node {
  /// By text; ordered for binary search, transparent for views.
  std::map<std::string, std::unique_ptr<Node>, std::less<>> texts;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::map<std::string, std::size_t, std::less<>> routes;  // by method

  [[nodiscard]] const Node* text(std::string_view segment) const {
    if (const auto found = texts.find(segment); found != texts.end()) return found->second.get();
    if (!segment.contains('%')) return nullptr;
    for (const auto& [key, node] : texts) {
      if (segment_is(segment, key)) return node.get();
    }
    return nullptr;
  }
};

namespace {

/// Calls visit(node) for each node that `path` leads to, the best match first, until it returns
/// true. `found` holds the values on the way to that node.
template <class Node, class Visit>
bool walk(const Node& node, std::string_view path, bool ended, RouteTree::Found& found,
          const Visit& visit) {
  if (ended) return visit(node);
  std::string_view after = path;
  const Segment segment = next_segment(after);
  if (const Node* const next = node.text(segment.text)) {
    if (walk(*next, after, segment.last, found, visit)) return true;
  }
  if (node.parameter != nullptr && !segment.text.empty()) {
    found.values[found.count++] = segment.text;
    if (walk(*node.parameter, after, segment.last, found, visit)) return true;
    --found.count;
  }
  if (node.rest != nullptr) {
    found.values[found.count++] = path;
    if (visit(*node.rest)) return true;
    --found.count;
  }
  return false;
}

}  // namespace

RouteTree::RouteTree() : root_{std::make_unique<Node>()} {}
RouteTree::RouteTree(RouteTree&&) noexcept = default;
RouteTree& RouteTree::operator=(RouteTree&&) noexcept = default;
RouteTree::~RouteTree() = default;

std::vector<std::string> RouteTree::parameters(std::string_view pattern) {
  const auto require = [&](bool holds, std::string_view rule) {
    if (!holds) contract_failure(fmt::format("route pattern '{}': {}", pattern, rule));
  };
  require(pattern.starts_with('/'), "it begins with '/'");
  std::vector<std::string> names;
  std::string_view rest = pattern.substr(1);
  for (bool last = false; !last;) {
    const Segment segment = next_segment(rest);
    last = segment.last;
    require(segment.text != "." && segment.text != "..", "no path has a segment '.' or '..'");
    if (!segment.text.starts_with(':') && !segment.text.starts_with('*')) continue;
    require(segment.text.size() > 1, "a parameter has a name");
    require(segment.last || segment.text.front() == ':', "only the last segment is '*name'");
    const auto name = segment.text.substr(1);
    require(std::ranges::find(names, name) == names.end(), "its parameters differ in name");
    names.emplace_back(name);
  }
  require(names.size() <= kParametersMax, "it has at most 8 parameters");
  return names;
}

void RouteTree::add(std::string_view method, std::string_view pattern, std::size_t index) {
  Node* node = root_.get();
  std::string_view rest = pattern.substr(1);
  for (bool last = false; !last;) {
    const Segment segment = next_segment(rest);
    last = segment.last;
    auto& next = segment.text.starts_with(':')   ? node->parameter
                 : segment.text.starts_with('*') ? node->rest
                                                 : node->texts[std::string{segment.text}];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  const bool added = node->routes.try_emplace(std::string{method}, index).second;
  expects(added, "two routes do not have the same requests");
}

RouteTree::Found RouteTree::find(std::string_view method, std::string_view path) const {
  Found found;
  const auto search = [&](std::string_view wanted) {
    return walk(*root_, path.substr(1), false, found, [&](const Node& node) {
      const auto route = node.routes.find(wanted);
      if (route == node.routes.end()) return false;
      found.index = route->second;
      return true;
    });
  };
  if (path.starts_with('/') && !search(method) && method == "HEAD") search("GET");
  return found;
}

std::set<std::string_view> RouteTree::methods(std::string_view path) const {
  std::set<std::string_view> all;
  const auto collect = [&](const Node& node) {
    for (const auto& [method, index] : node.routes) all.insert(method);
    return false;
  };
  if (path == "*") {
    const auto collect_all = [&](const auto& self, const Node& node) -> void {
      collect(node);
      for (const auto& [text, next] : node.texts) self(self, *next);
      if (node.parameter != nullptr) self(self, *node.parameter);
      if (node.rest != nullptr) self(self, *node.rest);
    };
    collect_all(collect_all, *root_);
  } else {
    Found ignored;
    walk(*root_, path.substr(1), false, ignored, collect);
  }
  if (all.contains("GET")) all.insert("HEAD");
  return all;
}

}  // namespace hal::http
