#include <hal/telemetry/sampler.hpp>

#include <hal/base/ascii.hpp>

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace hal::telemetry {
namespace {

constexpr std::string_view kParentBased = "parentbased_";

Result<double> parse_ratio(std::string_view text) {
  double ratio = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (ec != std::errc{} || end != text.data() + text.size() || !(ratio >= 0 && ratio <= 1)) {
    return error(Code::kInvalidArgument,
                 fmt::format("OTEL_TRACES_SAMPLER_ARG is \"{}\", not a number from 0 to 1", text));
  }
  return ratio;
}

// As other implementations do it: the low 63 bits below the random one, compared with the ratio, so
// that all services with the same ratio keep the same traces.
bool in_ratio(double ratio, const TraceId& trace_id) noexcept {
  if (ratio >= 1.0) return true;
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i) low = (low << 8) | trace_id.bytes[i];
  return low >> 1 < static_cast<std::uint64_t>(std::ldexp(ratio, 63));
}

}  // namespace

Result<Sampler> Sampler::parse(std::string_view name, std::string_view argument) {
  if (name.empty()) return Sampler{};
  std::string_view root = name;
  const bool parent = root.starts_with(kParentBased);
  if (parent) root.remove_prefix(kParentBased.size());
  Sampler sampler = always_on();
  if (root == "always_off") {
    sampler = always_off();
  } else if (root == "traceidratio") {
    const Result<double> ratio = argument.empty() ? Result<double>{1.0} : parse_ratio(argument);
    if (!ratio) return error(ratio.error());
    sampler = Sampler::ratio(*ratio);
  } else if (root != "always_on") {
    return error(Code::kInvalidArgument,
                 fmt::format("OTEL_TRACES_SAMPLER is \"{}\"; known are always_on, always_off and "
                             "traceidratio, each with or without parentbased_ before it",
                             name));
  }
  return parent ? parent_based(sampler) : sampler;
}

Sampling Sampler::decide(Sampling inherited, const TraceId& trace_id) const noexcept {
  if (inherited == Sampling::kDebug) return Sampling::kDebug;
  if (parent_ == Parent::kFollowed && inherited != Sampling::kDeferred) return inherited;
  return in_ratio(ratio_, trace_id) ? Sampling::kAccepted : Sampling::kDenied;
}

std::string Sampler::to_string() const {
  const std::string_view prefix = parent_ == Parent::kFollowed ? kParentBased : "";
  if (ratio_ >= 1.0) return fmt::format("{}always_on", prefix);
  if (ratio_ <= 0.0) return fmt::format("{}always_off", prefix);
  return fmt::format("{}traceidratio {}", prefix, ratio_);
}

}  // namespace hal::telemetry
