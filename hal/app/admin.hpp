// The admin port: what probes and people ask a running process.
#pragma once

#include <hal/app/impl.hpp>

namespace hal::app {

/// The port to bind for the admin server: HAL_ADMIN_PORT. Unset it is 8081, and outside a pod 0
/// (any free one) where 8081 is taken or the service's own: several services run by hand on one
/// machine. In a pod probes name the port, so there a taken one is an error of the listener.
[[nodiscard]] config::Port choose_admin_port(const AppOptions& options, bool in_pod);

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
  const config::Port port_;
  service::Drain drain_;
  Scope background_;
  service::Worker worker_;
  service::Layers layers_;
  service::Layers none_;
};

/// Serves /livez, /readyz, /metrics and /version to everybody, /config and /log-level to this
/// machine, until it is stopped.
Task<Result<>> run_admin_server(AdminHost& host);

}  // namespace hal::app
