// WorkerState: what a process has of each of its workers.
#pragma once

#include <hal/async/scope.hpp>
#include <hal/export/span_exporter.hpp>
#include <hal/service/host.hpp>
#include <hal/telemetry/tracer.hpp>

#include <memory>
#include <optional>

namespace hal {

/// One worker's own things; only its thread touches them between start and end.
struct WorkerState {
  explicit WorkerState(const telemetry::TracerOptions& options) : tracer{options} {}
  service::Drain drain;
  service::ConnectionCount connections;
  telemetry::Tracer tracer;
  std::unique_ptr<exporter::SpanExporter> exporter;
  std::optional<Scope> background;
};

}  // namespace hal
