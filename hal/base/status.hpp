// Status: what went wrong, in the closed set of codes that gRPC defines.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hal {

/// The canonical codes, with gRPC's numbers (grpc/grpc doc/statuscodes.md).
enum class Code : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// The code's name as gRPC spells it: "OK", "NOT_FOUND". Static storage.
[[nodiscard]] std::string_view name(Code code) noexcept;

/// The code with this number; kUnknown for a number that gRPC does not define.
[[nodiscard]] Code code_from_number(std::uint64_t number) noexcept;

/// A code and a message for people. A value type: copies are independent.
/// A default-made Status is OK; an error inside a Result never is.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_{code}, message_{std::move(message)} {}

  [[nodiscard]] bool ok() const noexcept { return code_ == Code::kOk; }
  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  /// "NOT_FOUND: no such user", or "OK".
  [[nodiscard]] std::string to_string() const;

  /// The same code with "prefix: " before the message: says where an error came through.
  [[nodiscard]] Status with_prefix(std::string_view prefix) const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

/// A value, or the Status that says why there is none.
template <class T = void>
using Result = std::expected<T, Status>;

/// `return error(Code::kNotFound, "no such user");` in a function that returns a Result.
[[nodiscard]] inline std::unexpected<Status> error(Code code, std::string message) {
  return std::unexpected<Status>{std::in_place, code, std::move(message)};
}

/// Hands a Status on as the error of another Result type. Precondition: !status.ok().
[[nodiscard]] inline std::unexpected<Status> error(Status status) {
  return std::unexpected<Status>{std::move(status)};
}

}  // namespace hal
