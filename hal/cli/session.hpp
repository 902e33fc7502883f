// Session: what a command needs to make calls: a loop, the network, the registry.
#pragma once

#include <hal/async/block_on.hpp>
#include <hal/async/thread_pool.hpp>
#include <hal/config/environment.hpp>
#include <hal/net/io_loop.hpp>
#include <hal/service/host.hpp>

#include <memory>

namespace hal::cli {

/// A Host on the main thread. It makes no spans: the user's own calls begin a trace where they
/// arrive, and those to collectors, with untraced(), nowhere.
class Session final : public service::Host {
 public:
  /// kInvalidArgument when the environment names no registry that can be used.
  static Result<std::unique_ptr<Session>> make(const config::Environment& environment);
  ~Session() override;

  /// Runs `function(session, values...)` -> Task<Result<T>> to its end.
  template <class F, class... Values>
  auto run(F function, Values... values) {
    return block_on(loop_, std::move(function), this, std::move(values)...);
  }

  [[nodiscard]] net::IoLoop& loop() noexcept { return loop_; }
  [[nodiscard]] net::Network& network() noexcept override { return network_; }
  [[nodiscard]] service::Discovery& discovery() noexcept override { return *discovery_; }
  [[nodiscard]] std::span<const service::Worker> workers() noexcept override {
    return {&worker_, 1};
  }
  [[nodiscard]] net::Endpoint listen_endpoint() const override { return {}; }
  [[nodiscard]] std::string_view service_name() const noexcept override { return "hal"; }
  [[nodiscard]] const service::Layers& server_layers() const noexcept override { return none_; }
  [[nodiscard]] const service::Layers& client_layers() const noexcept override { return none_; }
  /// For a client that looks at traces: in a mesh it must not make new ones.
  [[nodiscard]] const service::Layers& untraced() const noexcept { return untraced_; }
  Task<Result<>> on_listening(service::Listening listening) override;

 private:
  Session();

  ThreadPool pool_;
  net::IoLoop loop_;
  net::TcpNetwork network_;
  std::unique_ptr<service::Discovery> discovery_;
  service::Drain drain_;
  Scope background_;
  service::Worker worker_;
  const service::Layers none_{};
  const service::Layers untraced_;
};

}  // namespace hal::cli
