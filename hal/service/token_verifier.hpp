// TokenVerifier: whose token is it? The identity module has the one for JWTs.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/status.hpp>
#include <hal/service/identity.hpp>

#include <memory>
#include <string_view>

namespace hal::service {

/// Thread-safe: all workers ask it at once.
class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;

  /// Whose token this is, never null. The bytes come from outside and may be any; they need to live
  /// until the Task has ended. kUnauthenticated when the token proves nothing (malformed, forged,
  /// expired, revoked), with a message fit for whoever showed it; kUnavailable when that cannot be
  /// told at present, for what it takes is missing or too old: nobody is let in then.
  virtual Task<Result<std::shared_ptr<const Identity>>> verify(std::string_view token) = 0;
};

}  // namespace hal::service
