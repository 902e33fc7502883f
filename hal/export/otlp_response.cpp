#include <hal/export/otlp_response.hpp>

#include <algorithm>

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

}  // namespace hal::exporter
