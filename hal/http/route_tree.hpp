// The patterns of a router as a tree of segments.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hal::http {

/// Parameters of one pattern; more is a contract failure.
inline constexpr std::size_t kParametersMax = 8;

/// Finds the index of a route by method and path. A pattern is a path whose segments are texts,
/// ":name" (one segment that is not empty) or, as the last one, "*name" (all that follows, maybe
/// nothing). Where several match, a text beats a parameter, and that beats a rest, from left to
/// right; only patterns that have the method count, as long as there is one.
class RouteTree {
 public:
  RouteTree();
  RouteTree(RouteTree&&) noexcept;
  RouteTree& operator=(RouteTree&&) noexcept;
  ~RouteTree();

  /// The names of the pattern's parameters, in order. Contract failure, naming the pattern, when
  /// it is malformed.
  [[nodiscard]] static std::vector<std::string> parameters(std::string_view pattern);

  /// Precondition: the pattern is well-formed, and no other route has the same requests.
  void add(std::string_view method, std::string_view pattern, std::size_t index);

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  struct Found {
    std::size_t index = npos;
    std::array<std::string_view, kParametersMax> values{};
    std::size_t count = 0;  ///< of values, still encoded: views into the path
  };
  /// `path` begins with '/'. GET routes answer HEAD when no HEAD route does.
  [[nodiscard]] Found find(std::string_view method, std::string_view path) const;

  /// The methods of all routes that match the path, in order of the alphabet; with HEAD where
  /// there is GET. Empty: no route matches. All methods of all routes for the path "*".
  [[nodiscard]] std::set<std::string_view> methods(std::string_view path) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace hal::http
