// Attempts: slows down clients whose attempts fail, by address: for routes that check a secret.
#pragma once

#include <hal/service/attempt_limit.hpp>
#include <hal/service/layer.hpp>

#include <atomic>
#include <memory>

namespace hal::layers {

struct AttemptsOptions {
  service::AttemptLimitOptions limit{};
  /// Proxies in front that are ours: see client_address(). 0: the peer is the client.
  unsigned trusted_proxies = 0;
};

/// `Router{api}.layer(layers::Attempts{{.trusted_proxies = 1}}).post("/login", login)`. A client's
/// network (client_network()) that has no attempts left gets RESOURCE_EXHAUSTED (429) with
/// Retry-After in whole seconds (RFC 9110 10.2.3), before anything inside runs. An attempt counts
/// while it runs, and if it ends UNAUTHENTICATED or without an outcome (an exception, a client that
/// has gone). One that succeeds does not, nor one that nobody has checked: a malformed request, a
/// service that is away or too busy. All copies, and all workers, count together.
class Attempts final : public service::Layer {
 public:
  explicit Attempts(AttemptsOptions options = {});

  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  struct Shared {
    explicit Shared(service::AttemptLimitOptions options) : limit{options} {}
    service::AttemptLimit limit;
    std::atomic<bool> warned = false;
  };
  void warn_of_sidecar(const service::Call& call) const;

  unsigned trusted_proxies_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace hal::layers
