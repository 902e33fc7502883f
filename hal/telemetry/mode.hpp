// What this process does for traces: records its own spans, passes contexts on, or neither.
#pragma once

#include <hal/base/status.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hal::telemetry {

enum class Mode : std::uint8_t {
  kFull,     ///< own spans, exported
  kForward,  ///< the inbound context goes out unchanged; no span of ours, so none can be missing
  kOff,      ///< x-request-id only
};

/// "full", "forward", "off". Static storage.
[[nodiscard]] std::string_view name(Mode mode) noexcept;

/// The opposite, without case; kInvalidArgument for any other text.
[[nodiscard]] Result<Mode> parse_mode(std::string_view text);

/// What choose_mode looks at; the caller reads the environment.
struct ModeInputs {
  std::optional<Mode> explicit_mode{};  ///< HAL_TRACE_MODE
  std::optional<bool> enable_trace{};   ///< ENABLE_TRACE
  bool sdk_disabled = false;            ///< OTEL_SDK_DISABLED
  bool exporter_none = false;           ///< OTEL_TRACES_EXPORTER is "none"
  /// The variable that names an endpoint, e.g. "OTEL_EXPORTER_OTLP_ENDPOINT"; empty: none is set.
  std::string endpoint_variable{};
  bool local_collector = false;  ///< a collector stands in the local registry
};

struct ModeChoice {
  Mode mode = Mode::kForward;
  std::string reason{};  ///< for the start log: "HAL_TRACE_MODE is set"
};

/// In this order: the explicit mode; ENABLE_TRACE=false gives kOff, as in the system this one comes
/// from; OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER=none give kForward, because a span id that
/// nobody exports would orphan the sidecar's span and headers that stop here would cut the trace;
/// an endpoint or a local collector gives kFull; else kForward.
[[nodiscard]] ModeChoice choose_mode(const ModeInputs& inputs);

}  // namespace hal::telemetry
