// App's inside: what it owns, in the order in which it is made.
#pragma once

#include <hal/app/app.hpp>
#include <hal/app/dry_network.hpp>
#include <hal/app/metrics.hpp>
#include <hal/app/node.hpp>
#include <hal/app/registered_nodes.hpp>
#include <hal/app/server_tls.hpp>
#include <hal/app/settings.hpp>
#include <hal/app/trace_setup.hpp>
#include <hal/app/worker_state.hpp>
#include <hal/async/thread_pool.hpp>
#include <hal/net/signals.hpp>
#include <hal/net/workers.hpp>
#include <hal/service/layers/metrics/metrics.hpp>
#include <hal/service/refusals.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/telemetry/log_writer.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace hal {

class App::Impl {
 public:
  Impl(App& app, config::Source source);
  ~Impl();

  /// The file that HAL_CONFIG names, and the options of every service. An error leaves what is
  /// refused at its default.
  Result<> read(app::AppOptions program_defaults);
  /// Log, discovery and traces: what else may refuse the configuration.
  Result<> configure();
  /// Instead of all else: reads every option, those of `serve` too, and starts nothing.
  enum class Dry : bool { kDefaults, kConfigured };
  Result<> dry_run(Dry dry, app::AppOptions defaults, Task<Result<>> (*serve)(App& app));
  /// An error that names each option by what it was read from.
  [[nodiscard]] Result<> named(Result<> result) const;
  /// INVALID_ARGUMENT for flags and keys of the file that no option has. After all are read.
  [[nodiscard]] Result<> check_known() const;
  void start_workers();
  Result<> run(Task<Result<>> (*serve)(App& app));
  Task<Result<>> on_listening(service::Listening listening);

  /// The admin server listens; control loop only.
  void admin_listens(net::Endpoint endpoint);
  void add_metrics(std::function<void(telemetry::PrometheusText&)> write);
  /// What all of these write.
  [[nodiscard]] std::string more_metrics() const;
  void ready_when(std::function<bool()> condition);
  /// Requests may come: a server listens, the service's own conditions have been true, and the
  /// process does not drain. On the main thread.
  [[nodiscard]] bool ready();

  [[nodiscard]] bool in_pod() const {
    return source.environment.find("KUBERNETES_SERVICE_HOST").has_value();
  }

  App& app;
  config::Source source;          ///< fixed by read()
  app::FileOptions file_options;  ///< fixed by read()
  app::AppOptions defaults;       ///< the program's
  app::AppOptions options;        ///< fixed by read(), drain times are the control loop's
  app::TraceVariables variables;  ///< fixed by read()
  app::ExportVariables exports;   ///< fixed by read()
  app::NodeOptions node_options;  ///< fixed by read()
  app::Settings settings;
  std::string service_name;
  const std::chrono::system_clock::time_point start_time = std::chrono::system_clock::now();
  std::map<std::string, std::string> metadata;

  log::Writer log_writer;
  std::optional<log::Setup> log_setup;
  net::TcpNetwork network;
  std::optional<app::DryNetwork> dry_network;  ///< in its place in a dry run
  ThreadPool pool;
  net::IoLoop control;  ///< the main thread's: signals, admin port
  std::string discovery_reason;
  app::TraceSetup traces;
  app::ServerTls tls;
  service::Layers server_layers;
  service::Layers client_layers;
  std::shared_ptr<layers::Metrics::PerWorker> request_metrics;
  service::Refusals refusals;
  std::optional<net::Workers> workers;
  /// Its connections belong to the workers' loops, and what runs in their scopes belongs to it.
  std::unique_ptr<service::Discovery> discovery;
  std::deque<WorkerState> states;
  std::vector<service::Worker> service_workers;
  net::Endpoint admin_endpoint;  ///< set before the service starts; port 0 until then

 private:
  static Task<Result<>> main(Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<Result<>> main_in(Scope& scope, Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<Result<>> serve_until_stopped(Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<Result<>> serve_on_worker(Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<> run_admin(Impl* self);
  static Task<> watch_signals(Impl* self, Scope* scope);
  static Task<> drain(Impl* self);
  static Task<Result<>> until_idle(Impl* self);
  static Task<Result<>> dry_main(Impl* self, Task<Result<>> (*serve)(App& app));
  void take_address();
  /// SIGHUP; control loop.
  void reload();
  void reload_tls();
  void apply(const app::AppOptions& new_options, const app::TraceVariables& new_variables);
  void make_layers();
  void start_exporters();
  std::shared_ptr<exporter::SpanSender> make_sender();
  void say_how_traces_go() const;

  WaitQueue admin_changed_;  ///< control loop
  StopSource serve_stop_;    ///< control loop: ends what `serve` still waits for
  Status fatal_;             ///< control loop: why the process cannot run
  mutable std::mutex mutex_;
  std::vector<std::function<void(telemetry::PrometheusText&)>> metrics_;
  std::vector<std::function<bool()>> unmet_;  ///< conditions that have not been true yet
  app::RegisteredNodes registered_;
  std::atomic<bool> listening_ = false;
  std::atomic<bool> draining_ = false;
};

}  // namespace hal
