#include <hal/collector/trace_service.hpp>

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
  const auto format =
      stream.codec() == rpc::Codec::kJson ? Format::kOtlpGrpcJson : Format::kOtlpGrpc;
  co_await or_return(static_cast<TraceService&>(self).intake_.take(format, bytes));
  co_return stream.write(internal::otlp::ExportTraceServiceResponse{});
}

}  // namespace hal::collector
