// The admin port: what probes and people ask a running process.
#pragma once

#include <hal/app/impl.hpp>

namespace hal::app {

/// A Host for the one server that runs on the main thread: no traces, no registration.
class AdminHost final : public service::Host {
 public:
  AdminHost(App::Impl& app, const Context& context);

  [[nodiscard]] net::Network& network() noexcept override { return app_.network; }
  [[nodiscard]] service::Discovery& discovery() noexcept override { return *app_.discovery; }
  [[nodiscard]] std::span<const service::Worker> workers() noexcept override {
    return {&worker_, 1};
  }
  [[nodiscard]] net::Endpoint listen_endpoint() const override;
  [[nodiscard]] std::string_view service_name() const noexcept override {
    return app_.service_name;
  }
  [[nodiscard]] const service::Layers& server_layers() const noexcept override { return layers_; }
  [[nodiscard]] const service::Layers& client_layers() const noexcept override { return none_; }
  Task<Result<>> on_listening(service::Listening listening) override;

  [[nodiscard]] App::Impl& app() noexcept { return app_; }
  /// Joins what the server left running.
  Task<> end();

 private:
  App::Impl& app_;
  service::Drain drain_;
  Scope background_;
  service::Worker worker_;
  service::Layers layers_;
  service::Layers none_;
};

/// Serves /livez, /readyz, /metrics and /version until it is stopped.
Task<Result<>> run_admin_server(AdminHost& host);

}  // namespace hal::app
