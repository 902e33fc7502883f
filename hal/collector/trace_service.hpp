// OTLP/gRPC (opentelemetry-proto trace_service.proto).
#pragma once

#include <hal/collector/intake.hpp>
#include <hal/rpc/service.hpp>

namespace hal::collector {

/// Export: takes all spans of a request or, with INVALID_ARGUMENT or RESOURCE_EXHAUSTED as
/// decode_otlp_traces() gives them, none. Messages may be JSON. The intake must outlive it.
/// Thread-safe.
class TraceService final : public rpc::Service {
 public:
  explicit TraceService(Intake& intake) noexcept : intake_{intake} {}

  [[nodiscard]] std::string_view full_name() const noexcept override {
    return "opentelemetry.proto.collector.trace.v1.TraceService";
  }
  [[nodiscard]] std::string_view proto_name() const noexcept override {
    return "hal.internal.otlp.TraceService";
  }
  [[nodiscard]] std::span<const rpc::Method> methods() const noexcept override;

 private:
  static Task<Result<>> export_traces(rpc::Service& self, rpc::ServerStream& stream);

  Intake& intake_;
};

}  // namespace hal::collector
