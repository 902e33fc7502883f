// RequestMetrics: what one worker counts of the requests it serves.
#pragma once

#include <hal/telemetry/histogram.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace hal::telemetry {

/// Which requests are counted together. Views into the request, or into the metrics.
struct RequestKind {
  std::string_view protocol{};  ///< "http" or "grpc"
  std::string_view method{};    ///< "GET"; empty for gRPC
  std::string_view route{};     ///< "/api/v1/hello/:id", "greeter.Greeter/SayHello"

  auto operator<=>(const RequestKind&) const = default;
};

/// One per worker, on its thread: no lock, no atomic. For a scrape, each worker copies its own.
class RequestMetrics {
 public:
  struct Route {
    std::map<std::string, std::uint64_t, std::less<>> by_status;  ///< "200", "NOT_FOUND"
    Histogram duration;
  };
  using Key = std::tuple<std::string, std::string, std::string>;  ///< as RequestKind

  /// Kinds at most: those after it are counted under the route "_OTHER" of their protocol. A
  /// server's routes are known at its start, so that only a program's mistake comes so far.
  static constexpr std::size_t kKindsMax = 1'000;

  /// A request has come in; ended() follows, however it ends.
  void started(std::string_view protocol) noexcept { ++in_flight_of(protocol); }
  void ended(std::string_view protocol) noexcept { --in_flight_of(protocol); }
  /// A request that has been answered.
  void count(const RequestKind& kind, std::string_view status, std::chrono::nanoseconds duration);

  /// Adds another worker's.
  void add(const RequestMetrics& other);

  [[nodiscard]] const auto& routes() const noexcept { return routes_; }
  [[nodiscard]] std::int64_t in_flight(std::string_view protocol) const noexcept {
    return protocol == "grpc" ? grpc_in_flight_ : http_in_flight_;
  }

 private:
  struct Less {
    using is_transparent = void;
    static RequestKind view(const Key& key) noexcept {
      return {std::get<0>(key), std::get<1>(key), std::get<2>(key)};
    }
    static const RequestKind& view(const RequestKind& kind) noexcept { return kind; }
    bool operator()(const auto& a, const auto& b) const noexcept { return view(a) < view(b); }
  };

  std::int64_t& in_flight_of(std::string_view protocol) noexcept {
    return protocol == "grpc" ? grpc_in_flight_ : http_in_flight_;
  }
  Route& route(const RequestKind& kind);

  std::map<Key, Route, Less> routes_;
  std::int64_t http_in_flight_ = 0;
  std::int64_t grpc_in_flight_ = 0;
};

}  // namespace hal::telemetry
