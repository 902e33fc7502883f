// AuthSource by RPC: what the auth service tells verifiers of its tokens.
#pragma once

#include <hal/identity/auth_source.hpp>

#include <auth.hal.hpp>

namespace api {

/// Thread-safe. Its client's channel is one for errands: layers::UntracedCall alone.
class RpcAuthSource final : public hal::identity::AuthSource {
 public:
  explicit RpcAuthSource(auth::AuthClient client) : client_{std::move(client)} {}

  /// Errors: those of the call; kInternal when a key is none of Ed25519.
  hal::Task<hal::Result<hal::identity::Keys>> keys() override;
  hal::Task<hal::Result<hal::identity::Revocations>> revocations(std::int64_t since) override;

 private:
  auth::AuthClient client_;
};

}  // namespace api
