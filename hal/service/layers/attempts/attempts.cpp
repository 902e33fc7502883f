#include <hal/service/layers/attempts/attempts.hpp>

#include <hal/async/loop.hpp>
#include <hal/service/client_address.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::layers {
namespace {

/// Where Istio's sidecar connects from.
constexpr std::string_view kSidecar = "127.0.0.6";

bool counts(const service::Call& call) {
  switch (call.status.code()) {
    case Code::kOk:
    case Code::kInvalidArgument:
    case Code::kResourceExhausted:
    case Code::kUnavailable:
      return false;
    default:
      return true;
  }
}

}  // namespace

Attempts::Attempts(AttemptsOptions options)
    : trusted_proxies_{options.trusted_proxies}, shared_{std::make_shared<Shared>(options.limit)} {}

void Attempts::warn_of_sidecar(const service::Call& call) const {
  if (trusted_proxies_ > 0 || call.peer_host != kSidecar || shared_->warned.exchange(true)) return;
  log::warn(
      "attempts come from a sidecar ({}), so that all clients share one limit: HAL_TRUSTED_PROXIES "
      "says how many proxies in front of it are to be believed",
      kSidecar);
}

Task<> Attempts::handle(service::Call& call, service::Next next) const {
  warn_of_sidecar(call);
  const std::string key = service::client_network(service::client_address(call, trusted_proxies_));
  if (const auto wait = shared_->limit.take(key, (co_await this_context()).loop->now())) {
    call.status = {Code::kResourceExhausted, "too many attempts"};
    if (call.response_headers != nullptr) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
      call.response_headers->set("retry-after", std::to_string(seconds));
    }
    co_return;
  }
  co_await next(call);
  if (!counts(call)) shared_->limit.give_back(key);
}

}  // namespace hal::layers
