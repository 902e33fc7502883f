// App: the process a service runs in. The one place that puts the modules together.
#pragma once

#include <hal/app/options.hpp>
#include <hal/rpc/channel.hpp>
#include <hal/service/host.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace hal::telemetry {
class PrometheusText;
}

namespace hal {

/// What App::config throws: the service's options are refused. hal::run prints it and exits 2.
class ConfigError final : public std::runtime_error {
 public:
  explicit ConfigError(const Status& status) : std::runtime_error{status.message()} {}
};

/// Made by hal::run. Thread-safe unless a function says otherwise.
class App final : public service::Host {
 public:
  /// Reads flags, variables and the file that HAL_CONFIG names, and makes what does not need a
  /// running loop. kInvalidArgument names variable, value and what is allowed.
  static Result<std::unique_ptr<App>> make(config::Source source, app::AppOptions defaults);
  ~App() override;

  /// The service's own options: member `greeter_service_name` is GREETER_SERVICE_NAME or
  /// --greeter-service-name. For the serve function, before its server runs. Throws ConfigError.
  template <class Options>
  [[nodiscard]] Options config() {
    Options options{};
    auto read = config::read_into(options, source());
    add_settings([](const config::Source& source, std::vector<config::Setting>* settings) {
      Options fresh{};
      return config::read_into(fresh, source, settings);
    });
    if (!read) throw ConfigError{read.error()};
    return options;
  }

  /// For a service that has work to do between reading its options and listening, such as opening
  /// a database: call it between the two, and end with its error. CANCELLED with --help,
  /// --print-config and --check-config, which start nothing; kInvalidArgument for an unknown flag
  /// or key of the file.
  [[nodiscard]] Result<> finish_options();

  /// Calls to a service by its name in the registry. The app must outlive the channel.
  [[nodiscard]] rpc::Channel channel(std::string service, rpc::ChannelOptions options = {}) {
    return rpc::Channel{*this, std::move(service), std::move(options)};
  }

  /// What a service lets others know of it in the registry, before its server runs.
  void add_metadata(std::string key, std::string value);

  /// What a service adds to /metrics: families of its own. `write` is called on the main thread,
  /// at any time until the process ends: it must be thread-safe and own what it reads.
  void add_metrics(std::function<void(telemetry::PrometheusText&)> write);

  /// /readyz is 503 until `condition` has been true once: what a service needs before requests
  /// should come, a first pull of keys, say. Before its server runs. It is asked on the main thread
  /// at any time until the process ends: it must be quick, thread-safe and own what it reads.
  void ready_when(std::function<bool()> condition);

  [[nodiscard]] net::Network& network() noexcept override;
  [[nodiscard]] service::Discovery& discovery() noexcept override;
  [[nodiscard]] std::span<const service::Worker> workers() noexcept override;
  [[nodiscard]] net::Endpoint listen_endpoint() const override;
  [[nodiscard]] std::string_view service_name() const noexcept override;
  [[nodiscard]] std::span<const std::string> rpc_aliases() const noexcept override;
  [[nodiscard]] const service::Layers& server_layers() const noexcept override;
  [[nodiscard]] const service::Layers& client_layers() const noexcept override;
  [[nodiscard]] service::ConnectionAge connection_age() const noexcept override;
  [[nodiscard]] service::Refusals* refusals() noexcept override;
  [[nodiscard]] std::optional<net::TlsServer> tls(service::Protocol protocol) override;
  Task<Result<>> on_listening(service::Listening listening) override;

  /// Runs `serve` until it returns, and drains when a signal asks to stop: its servers end, and
  /// then what it still waits for is stopped. For hal::run: call it once, from the main thread. OK
  /// after a drain; else the error of `serve`, or why the process cannot be what its options say.
  [[nodiscard]] Result<> run(Task<Result<>> (*serve)(App& app));

  /// Every option, those that only `serve` reads too: runs it without a network up to where its
  /// server would listen. Without a source: the defaults. `verdict`: as of make(), and of an
  /// unknown flag or key of the file.
  struct Description {
    std::vector<config::Setting> settings;
    Result<> verdict;
  };
  [[nodiscard]] static Description describe(std::optional<config::Source> source,
                                            app::AppOptions defaults,
                                            Task<Result<>> (*serve)(App& app));

  class Impl;

 private:
  explicit App(std::unique_ptr<Impl> impl);
  [[nodiscard]] const config::Source& source() const noexcept;
  void add_settings(Result<> (*read)(const config::Source&, std::vector<config::Setting>*));
  std::unique_ptr<Impl> impl_;
};

/// A service's main: `int main(int argc, char** argv) { return hal::run(argc, argv, serve); }`.
/// `serve` runs on the first worker and returns when its server has drained. What it does beside
/// its servers goes on until these have ended after SIGTERM, or HAL_DRAIN_TIMEOUT has passed, and
/// is stopped then; CANCELLED is no failure by then. Without a server that is as soon as the drain
/// begins. What must still be awaited afterwards needs a Context of its own. With --help,
/// --print-config or --check-config it runs up to where its server would listen, without a network:
/// what it does before is for reading options and putting things together. Exit code: 0 after a
/// drain, 1 when serving failed (a taken port, say), 2 for refused configuration. `defaults` hold
/// what variables and flags do not say; an empty service_name is the program's file name.
int run(int argc, char** argv, Task<Result<>> (*serve)(App& app), app::AppOptions defaults = {});

}  // namespace hal
