#include <hal/telemetry/mode.hpp>

#include <hal/base/ascii.hpp>

#include <fmt/format.h>

namespace hal::telemetry {

std::string_view name(Mode mode) noexcept {
  switch (mode) {
    case Mode::kFull:
      return "full";
    case Mode::kForward:
      return "forward";
    case Mode::kOff:
      return "off";
  }
  return "";
}

Result<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::kFull, Mode::kForward, Mode::kOff}) {
    if (ascii_iequals(text, name(mode))) return mode;
  }
  return error(Code::kInvalidArgument,
               fmt::format("\"{}\" is none of full, forward and off", text));
}

ModeChoice choose_mode(const ModeInputs& inputs) {
  if (inputs.explicit_mode) return {*inputs.explicit_mode, "HAL_TRACE_MODE is set"};
  if (inputs.enable_trace == false) return {Mode::kOff, "ENABLE_TRACE is false"};
  if (inputs.sdk_disabled) return {Mode::kForward, "OTEL_SDK_DISABLED is true"};
  if (inputs.exporter_none) return {Mode::kForward, "OTEL_TRACES_EXPORTER is none"};
  if (!inputs.endpoint_variable.empty()) return {Mode::kFull, inputs.endpoint_variable + " is set"};
  if (inputs.local_collector) return {Mode::kFull, "a collector is in the local registry"};
  if (inputs.enable_trace == true) {
    return {Mode::kForward, "ENABLE_TRACE is true, but no endpoint to export to is configured"};
  }
  return {Mode::kForward, "no endpoint to export to is configured"};
}

}  // namespace hal::telemetry
