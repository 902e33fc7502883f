// Sampler: which traces are recorded (OpenTelemetry trace/sdk.md, "Sampling").
#pragma once

#include <hal/base/status.hpp>
#include <hal/base/trace_context.hpp>

#include <string>
#include <string_view>

namespace hal::telemetry {

/// A value; thread-safe.
class Sampler {
 public:
  /// parentbased_always_on, OpenTelemetry's default.
  Sampler() = default;
  [[nodiscard]] static Sampler always_on() noexcept { return Sampler{1.0, Parent::kIgnored}; }
  [[nodiscard]] static Sampler always_off() noexcept { return Sampler{0.0, Parent::kIgnored}; }
  /// Keeps this part of all traces, 0-1, chosen by the trace id alone: the same everywhere.
  [[nodiscard]] static Sampler ratio(double ratio) noexcept {
    return Sampler{ratio, Parent::kIgnored};
  }
  /// The parent's decision; `root` decides where there is none.
  [[nodiscard]] static Sampler parent_based(Sampler root) noexcept {
    return Sampler{root.ratio_, Parent::kFollowed};
  }

  /// OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG: [parentbased_]always_on, always_off,
  /// traceidratio. An empty name is the default, an empty argument 1.0. kInvalidArgument for an
  /// unknown name, or a ratio that is no number from 0 to 1.
  [[nodiscard]] static Result<Sampler> parse(std::string_view name, std::string_view argument);

  /// The decision for a new span: kDenied, kAccepted or kDebug, never kDeferred. `inherited` is
  /// the parent's decision, or one that came without ids; kDeferred where nobody has decided. A
  /// debug trace is always kept.
  [[nodiscard]] Sampling decide(Sampling inherited, const TraceId& trace_id) const noexcept;

  /// As parse() takes it, with the ratio: "parentbased_traceidratio 0.25".
  [[nodiscard]] std::string to_string() const;

 private:
  enum class Parent : bool { kIgnored, kFollowed };
  Sampler(double ratio, Parent parent) noexcept : ratio_{ratio}, parent_{parent} {}

  double ratio_ = 1.0;
  Parent parent_ = Parent::kFollowed;
};

}  // namespace hal::telemetry
