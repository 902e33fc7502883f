#include <hal/collector/doctor/finding.hpp>

namespace hal::collector::doctor {

std::string_view name(Cause cause) noexcept {
  switch (cause) {
    case Cause::kNoContext:
      return "no-context";
    case Cause::kOwnTrace:
      return "own-trace";
    case Cause::kStaleContext:
      return "stale-context";
    case Cause::kStaleEntry:
      return "stale-entry";
    case Cause::kSpansNotExported:
      return "spans-not-exported";
    case Cause::kSamplingChanged:
      return "sampling-changed";
    case Cause::kRequestIdChanged:
      return "request-id-changed";
  }
  return "";
}

}  // namespace hal::collector::doctor
