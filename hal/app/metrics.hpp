// What /metrics answers: the workers' counters, summed.
#pragma once

#include <hal/export/span_exporter.hpp>
#include <hal/service/host.hpp>
#include <hal/service/refusals.hpp>
#include <hal/telemetry/request_metrics.hpp>
#include <hal/telemetry/tracer.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hal::app {

/// Of one worker, or the sum of several.
struct WorkerMetrics {
  telemetry::RequestMetrics requests{};
  service::ConnectionCount connections{};
  telemetry::Tracer::Counters traces{};
  exporter::SpanExporter::Counters exports{};

  void add(const WorkerMetrics& other);
};

struct ProcessMetrics {
  std::vector<service::Refusals::Count> refusals{};
  std::uint64_t log_lines_dropped = 0;
  std::chrono::system_clock::time_point start_time{};
};

/// Prometheus text format 0.0.4. Every family is there from the start, requests by route once
/// there was one.
[[nodiscard]] std::string metrics_text(const WorkerMetrics& workers, const ProcessMetrics& process);

}  // namespace hal::app
