// Metrics: counts requests by protocol, route and status, and how long they take.
#pragma once

#include <hal/service/layer.hpp>
#include <hal/telemetry/request_metrics.hpp>

#include <deque>
#include <memory>

namespace hal::layers {

/// Server side. Each worker counts into its own RequestMetrics, without a lock: `workers` has one
/// for each, by Loop::worker_index(), and is read on that worker's thread. HTTP requests without a
/// route count under the route "", those of unknown methods under the method "_OTHER": what a
/// client makes up grows nothing. A call whose coroutine is destroyed is not counted.
class Metrics final : public service::Layer {
 public:
  using PerWorker = std::deque<telemetry::RequestMetrics>;
  explicit Metrics(std::shared_ptr<PerWorker> workers) : workers_{std::move(workers)} {}
  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  const std::shared_ptr<PerWorker> workers_;
};

}  // namespace hal::layers
