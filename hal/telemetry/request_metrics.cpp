#include <hal/telemetry/request_metrics.hpp>

namespace hal::telemetry {

RequestMetrics::Route& RequestMetrics::route(const RequestKind& kind) {
  const auto found = routes_.find(kind);
  if (found != routes_.end()) return found->second;
  if (routes_.size() >= kKindsMax) {
    return routes_[Key{std::string{kind.protocol}, std::string{}, std::string{"_OTHER"}}];
  }
  return routes_[Key{std::string{kind.protocol}, std::string{kind.method},
                     std::string{kind.route}}];
}

void RequestMetrics::count(const RequestKind& kind, std::string_view status,
                           std::chrono::nanoseconds duration) {
  Route& counted = route(kind);
  counted.duration.record(duration);
  const auto found = counted.by_status.find(status);
  if (found != counted.by_status.end()) {
    ++found->second;
  } else {
    counted.by_status.emplace(status, 1);
  }
}

void RequestMetrics::add(const RequestMetrics& other) {
  for (const auto& [key, from] : other.routes_) {
    Route& to = routes_[key];
    for (const auto& [status, number] : from.by_status) to.by_status[status] += number;
    to.duration.add(from.duration);
  }
  http_in_flight_ += other.http_in_flight_;
  grpc_in_flight_ += other.grpc_in_flight_;
}

}  // namespace hal::telemetry
