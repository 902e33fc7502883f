#include <hal/collector/trace_service.hpp>

#include <hal/collector/otlp_decode.hpp>
#include <hal/telemetry/log.hpp>

#include <hal/internal/otlp.pb.h>

namespace hal::collector {

std::span<const rpc::Method> TraceService::methods() const noexcept {
  static constexpr rpc::Method kMethods[] = {
      {.name = "Export", .kind = rpc::MethodKind::kUnary, .run = &export_traces},
  };
  return kMethods;
}

Task<Result<>> TraceService::export_traces(rpc::Service& self, rpc::ServerStream& stream) {
  // The bytes, not a message: the decoder keeps its limits and forgives what a parser would not.
  std::string bytes;
  co_await or_return(stream.read_only_bytes(bytes));
  auto spans = decode_otlp_traces(bytes);
  if (!spans) {
    log::warn("spans refused: {}", spans.error().message());
    co_return error(std::move(spans.error()));
  }
  static_cast<TraceService&>(self).store_.add(std::move(*spans));
  co_return stream.write(internal::otlp::ExportTraceServiceResponse{});
}

}  // namespace hal::collector
