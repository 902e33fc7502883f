// grpc.testing.TestService, as gRPC's interoperability cases expect it.
#pragma once

#include <hal/rpc/service.hpp>

namespace interop {

/// Has no state: for all workers. UnimplementedCall is not in its table, as the cases want it.
class TestService final : public hal::rpc::Service {
 public:
  [[nodiscard]] std::string_view full_name() const noexcept override {
    return "grpc.testing.TestService";
  }
  [[nodiscard]] std::string_view proto_name() const noexcept override {
    return "hal.internal.testing.TestService";
  }
  [[nodiscard]] std::span<const hal::rpc::Method> methods() const noexcept override;
};

}  // namespace interop
