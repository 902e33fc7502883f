// Health: grpc.health.v1, what load balancers and probes ask (grpc/grpc doc/health-checking.md).
#pragma once

#include <hal/rpc/service.hpp>
#include <hal/service/host.hpp>

#include <memory>
#include <string_view>

namespace hal::rpc {

enum class ServingStatus : std::uint8_t { kServing, kNotServing };

/// Every Server has one: SERVING for each of its services and for "", the server as a whole, until
/// a drain is announced: NOT_SERVING from then on, though all calls are still served until the
/// drain begins. Check, List and Watch; a watch ends with UNAVAILABLE when it begins. Thread-safe.
class Health final : public Service {
 public:
  /// The host must outlive it.
  explicit Health(service::Host& host);

  /// Who watches the service is told, if it is news. A name that is new becomes known.
  void set(std::string_view service, ServingStatus status);

  [[nodiscard]] std::string_view full_name() const noexcept override {
    return "grpc.health.v1.Health";
  }
  [[nodiscard]] std::string_view proto_name() const noexcept override {
    return "hal.internal.health.Health";
  }
  [[nodiscard]] std::span<const Method> methods() const noexcept override;

 private:
  class State;
  static Task<Result<>> check(Service& self, ServerStream& stream);
  static Task<Result<>> list(Service& self, ServerStream& stream);
  static Task<Result<>> watch(Service& self, ServerStream& stream);
  static Task<Result<>> watch_in(Scope& scope, State* state, ServerStream* stream);
  static Task<Result<>> send_changes(State* state, ServerStream* stream);

  const std::shared_ptr<State> state_;
};

}  // namespace hal::rpc
