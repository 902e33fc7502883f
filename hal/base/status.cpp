#include <hal/base/status.hpp>

#include <array>

namespace hal {
namespace {

constexpr std::array<std::string_view, 17> kNames{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

std::string_view name(Code code) noexcept { return kNames[static_cast<std::size_t>(code)]; }

Code code_from_number(std::uint64_t number) noexcept {
  return number < kNames.size() ? static_cast<Code>(number) : Code::kUnknown;
}

std::string Status::to_string() const {
  std::string text{name(code_)};
  if (!message_.empty()) text.append(": ").append(message_);
  return text;
}

Status Status::with_prefix(std::string_view prefix) const {
  std::string message{prefix};
  message.append(": ").append(message_);
  return Status{code_, std::move(message)};
}

}  // namespace hal
