#include <hal/service/layers/attempts/attempts.hpp>

#include <hal/async/loop.hpp>
#include <hal/base/contract.hpp>
#include <hal/service/client_address.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::layers {
namespace {

/// Where Istio's sidecar connects from.
bool is_sidecar(std::string_view peer) { return peer == "127.0.0.6" || peer == "::6"; }

bool counts(const service::Call& call) {
  switch (call.status.code()) {
    case Code::kOk:  // a handler may make its whole HTTP response by itself
      return call.http_status == 401 || call.http_status == 403 || call.http_status == 429;
    case Code::kInvalidArgument:
    case Code::kUnavailable:
      return false;
    default:
      return true;
  }
}

service::AttemptLimitOptions times(service::AttemptLimitOptions limit, unsigned factor) {
  expects(factor > 0, "a site has at least the attempts of a network");
  limit.burst *= factor;
  limit.interval /= factor;
  return limit;
}

}  // namespace

Attempts::Shared::Shared(const AttemptsOptions& options)
    : networks{options.limit}, sites{times(options.limit, options.site_factor)} {}

Attempts::Attempts(AttemptsOptions options)
    : trusted_proxies_{options.trusted_proxies}, shared_{std::make_shared<Shared>(options)} {}

std::optional<Duration> Attempts::take(std::string_view address, TimePoint now) const {
  const std::string network = service::client_network(address);
  if (const auto wait = shared_->networks.take(network, now)) return wait;
  const std::string site = service::client_site(address);
  const auto wait = site.empty() ? std::nullopt : shared_->sites.take(site, now);
  if (wait) shared_->networks.give_back(network);
  return wait;
}

void Attempts::give_back(std::string_view address) const {
  shared_->networks.give_back(service::client_network(address));
  if (const auto site = service::client_site(address); !site.empty())
    shared_->sites.give_back(site);
}

void Attempts::warn_of_sidecar(const service::Call& call) const {
  if (trusted_proxies_ > 0 || !is_sidecar(call.peer_host) || shared_->warned.exchange(true)) return;
  log::warn(
      "attempts come from a sidecar ({}), so that all clients share one limit: HAL_TRUSTED_PROXIES "
      "says how many proxies in front of it are to be believed",
      call.peer_host);
}

Task<> Attempts::handle(service::Call& call, service::Next next) const {
  warn_of_sidecar(call);
  const std::string address = service::client_address(call, trusted_proxies_);
  if (const auto wait = take(address, (co_await this_context()).loop->now())) {
    call.status = {Code::kResourceExhausted, "too many attempts"};
    if (call.response_headers != nullptr) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
      call.response_headers->set("retry-after", std::to_string(seconds));
    }
    co_return;
  }
  co_await next(call);
  if (!counts(call)) give_back(address);
}

}  // namespace hal::layers
