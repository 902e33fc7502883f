// A Host for tests of servers and clients: one worker, an in-memory network, nothing configured.
#pragma once

#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/service/host.hpp>
#include <hal/service/refusals.hpp>
#include <hal/service/testing/test_discovery.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hal::service::testing {

/// Settable members are set before a server or client uses the host. One thread.
class TestHost final : public Host {
 public:
  /// On a ManualLoop of its own.
  explicit TestHost(const net::testing::MemoryOptions& options = {});
  /// On `loop`, which must outlive it.
  explicit TestHost(Loop& loop, const net::testing::MemoryOptions& options = {});
  /// shut_down().
  ~TestHost() override;

  /// Sets up one request or test body: block_on on the host's loop.
  template <class F, class... Values>
  auto run(F function, Values... values) {
    return block_on(*loop_, std::move(function), std::move(values)...);
  }
  /// Stops the background scope and runs the loop until nothing is left in it. Idempotent.
  void shut_down();

  [[nodiscard]] Loop& loop() noexcept { return *loop_; }
  /// Precondition: the host has a ManualLoop of its own.
  [[nodiscard]] hal::testing::ManualLoop& manual_loop() noexcept { return *own_loop_; }
  [[nodiscard]] Drain& drain() noexcept { return drain_; }
  [[nodiscard]] Scope& background() noexcept { return *background_; }
  [[nodiscard]] const Worker& worker() const noexcept { return worker_; }
  [[nodiscard]] net::testing::MemoryNetwork& memory() noexcept { return network_; }
  [[nodiscard]] TestDiscovery& registry() noexcept { return registry_; }

  [[nodiscard]] net::Network& network() noexcept override { return network_; }
  [[nodiscard]] Discovery& discovery() noexcept override { return registry_; }
  [[nodiscard]] std::span<const Worker> workers() noexcept override { return {&worker_, 1}; }
  [[nodiscard]] net::Endpoint listen_endpoint() const override { return listen_on; }
  [[nodiscard]] std::string_view service_name() const noexcept override { return name; }
  [[nodiscard]] std::span<const std::string> rpc_aliases() const noexcept override {
    return aliases;
  }
  [[nodiscard]] const Layers& server_layers() const noexcept override { return around_server; }
  [[nodiscard]] const Layers& client_layers() const noexcept override { return around_client; }
  [[nodiscard]] Refusals* refusals() noexcept override { return &refused; }
  Task<Result<>> on_listening(Listening what) override;

  std::string name = "test";
  std::vector<std::string> aliases{};
  net::Endpoint listen_on{};  ///< all addresses, any free port
  Layers around_server{};
  Layers around_client{};
  /// What on_listening answers.
  Status listening_error{};
  /// What servers said, in order; waiting for it: wait_listening().
  std::vector<Listening> listening{};
  Refusals refused{};

  /// Where the first server listens, once it does; an error is the reason of a stop.
  Task<Result<net::Endpoint>> wait_listening();

 private:
  std::optional<hal::testing::ManualLoop> own_loop_;
  Loop* loop_;
  net::testing::MemoryNetwork network_;
  TestDiscovery registry_;
  Drain drain_;
  WaitQueue listening_changed_;
  std::optional<Scope> background_;
  Worker worker_;
};

}  // namespace hal::service::testing
