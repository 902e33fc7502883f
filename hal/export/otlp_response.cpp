#include <hal/export/otlp_response.hpp>

#include <algorithm>
#include <chrono>

#include <hal/internal/otlp.pb.h>

namespace hal::exporter {

PartialSuccess partial_success_of(const internal::otlp::ExportTraceServiceResponse& response) {
  const auto& partial = response.partial_success();
  return {.rejected_spans = static_cast<std::uint64_t>(
              std::max(partial.rejected_spans(), decltype(partial.rejected_spans()){0})),
          .message = partial.error_message()};
}

PartialSuccess parse_partial_success(std::string_view body) {
  constexpr std::size_t kBytesMax = 4 * 1024 * 1024;  // of a response (exporter.md)
  internal::otlp::ExportTraceServiceResponse response;
  if (body.size() > kBytesMax ||
      !response.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return {};
  }
  return partial_success_of(response);
}

std::optional<Duration> retry_delay_of(std::string_view status_details) {
  constexpr std::string_view kType = "/google.rpc.RetryInfo";
  constexpr std::int64_t kSecondsMax = 24 * 60 * 60;
  internal::otlp::RpcStatus status;
  if (!status.ParseFromArray(status_details.data(), static_cast<int>(status_details.size()))) {
    return std::nullopt;
  }
  for (const auto& detail : status.details()) {
    internal::otlp::RetryInfo info;
    if (!detail.type_url().ends_with(kType) || !info.ParseFromString(detail.value())) continue;
    const auto& delay = info.retry_delay();
    if (delay.seconds() < 0 || delay.nanos() < 0) return Duration::zero();
    return std::chrono::seconds{std::min<std::int64_t>(delay.seconds(), kSecondsMax)} +
           std::chrono::nanoseconds{std::min(delay.nanos(), 999'999'999)};
  }
  return std::nullopt;
}

}  // namespace hal::exporter
