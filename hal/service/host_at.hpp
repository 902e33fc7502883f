// HostAt: the same process, another port.
#pragma once

#include <hal/service/host.hpp>

#include <utility>

namespace hal::service {

/// A Host whose server listens elsewhere and has layers of its own: for processes with several
/// servers. Notes where it listens and tells nobody. `host` must outlive it.
class HostAt final : public Host {
 public:
  HostAt(Host& host, net::Endpoint endpoint, Layers server_layers)
      : host_{host}, endpoint_{std::move(endpoint)}, server_layers_{std::move(server_layers)} {}

  [[nodiscard]] net::Network& network() noexcept override { return host_.network(); }
  [[nodiscard]] Discovery& discovery() noexcept override { return host_.discovery(); }
  [[nodiscard]] std::span<const Worker> workers() noexcept override { return host_.workers(); }
  [[nodiscard]] net::Endpoint listen_endpoint() const override { return endpoint_; }
  [[nodiscard]] std::string_view service_name() const noexcept override {
    return host_.service_name();
  }
  [[nodiscard]] std::span<const std::string> rpc_aliases() const noexcept override {
    return host_.rpc_aliases();
  }
  [[nodiscard]] const Layers& server_layers() const noexcept override { return server_layers_; }
  [[nodiscard]] const Layers& client_layers() const noexcept override {
    return host_.client_layers();
  }
  [[nodiscard]] ConnectionAge connection_age() const noexcept override {
    return host_.connection_age();
  }
  [[nodiscard]] Refusals* refusals() noexcept override { return host_.refusals(); }
  [[nodiscard]] std::optional<net::TlsServer> tls(Protocol protocol) override {
    return host_.tls(protocol);
  }
  Task<Result<>> on_listening(Listening listening) override {
    listening_ = std::move(listening);
    changed_.wake_all();
    co_return Result<>{};
  }

  /// Where the server listens, once it does; on the loop that runs it. An error is the reason of
  /// a stop.
  Task<Result<Listening>> listening() {
    while (!listening_) co_await or_return(co_await changed_.wait());
    co_return *listening_;
  }

 private:
  Host& host_;
  const net::Endpoint endpoint_;
  const Layers server_layers_;
  std::optional<Listening> listening_;
  WaitQueue changed_;
};

}  // namespace hal::service
