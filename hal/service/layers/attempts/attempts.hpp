// Attempts: slows down clients whose attempts fail, by address: for routes that check a secret.
#pragma once

#include <hal/service/attempt_limit.hpp>
#include <hal/service/layer.hpp>

#include <atomic>
#include <memory>

namespace hal::layers {

struct AttemptsOptions {
  /// Of one network, see client_network().
  service::AttemptLimitOptions limit{};
  /// So many times as much for all networks of one site, see client_site().
  unsigned site_factor = 16;
  /// Proxies in front that are ours: see client_address(). 0: the peer is the client.
  unsigned trusted_proxies = 0;
};

/// `Router{api}.layer(layers::Attempts{{.trusted_proxies = 1}}).post("/login", login)`. A client's
/// network or site that has no attempts left gets RESOURCE_EXHAUSTED (429) with Retry-After in
/// whole seconds (RFC 9110 10.2.3), before anything inside runs. An attempt counts while it runs,
/// and unless it ends with success, or unchecked: as a malformed request, or at a service that is
/// away or too busy. So failures of any other kind count, a limit further inside too, and clients
/// that have gone; of responses that a handler makes by itself, 401, 403 and 429. All copies, and
/// all workers, count together.
class Attempts final : public service::Layer {
 public:
  explicit Attempts(AttemptsOptions options = {});

  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  struct Shared {
    explicit Shared(const AttemptsOptions& options);
    service::AttemptLimit networks;
    service::AttemptLimit sites;
    std::atomic<bool> warned = false;
  };
  /// Takes one of the address: nothing, or how long to wait.
  [[nodiscard]] std::optional<Duration> take(std::string_view address, TimePoint now) const;
  void give_back(std::string_view address) const;
  void warn_of_sidecar(const service::Call& call) const;

  unsigned trusted_proxies_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace hal::layers
