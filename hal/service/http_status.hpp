// The HTTP status of a failure: what an edge answers when a handler ends with a Status.
#pragma once

#include <hal/base/status.hpp>

namespace hal::service {

/// As google.rpc.Code documents it: NOT_FOUND is 404, UNAVAILABLE 503; OK is 200. CANCELLED is
/// 499, which nobody sees: the client has gone.
[[nodiscard]] constexpr int http_status_of(Code code) noexcept {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAborted:
    case Code::kAlreadyExists:
      return 409;
    case Code::kResourceExhausted:
      return 429;
    case Code::kCancelled:
      return 499;
    case Code::kUnimplemented:
      return 501;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return 500;
  }
  return 500;
}

}  // namespace hal::service
