// Caller: a handler's parameter, who makes the request.
#pragma once

#include <hal/http/handler.hpp>
#include <hal/service/identity.hpp>

#include <fmt/format.h>

#include <memory>

namespace hal::http {

/// The identity that layers::Authenticate has found: `Result<Json<User>> me(http::Caller caller)`.
/// Without such a layer around the route every request is answered with 500, and a log line that
/// says so: a program's mistake lets nobody in.
class Caller {
 public:
  explicit Caller(std::shared_ptr<const Identity> identity) : identity_{std::move(identity)} {}
  [[nodiscard]] const Identity& operator*() const noexcept { return *identity_; }
  [[nodiscard]] const Identity* operator->() const noexcept { return identity_.get(); }

  static Expected<Caller> extract(const Exchange& exchange) {
    auto identity = current_identity();
    if (identity != nullptr) return Caller{std::move(identity)};
    return std::unexpected{
        Failure{500,
                {Code::kInternal,
                 fmt::format("the handler of {} {} wants a Caller, and no Authenticate layer "
                             "stands around it",
                             exchange.route.method, exchange.route.pattern)}}};
  }
  static void check(const RouteInfo&) {}

 private:
  std::shared_ptr<const Identity> identity_;
};

}  // namespace hal::http
