// App's inside: what it owns, in the order in which it is made.
#pragma once

#include <hal/app/app.hpp>
#include <hal/app/trace_setup.hpp>
#include <hal/async/thread_pool.hpp>
#include <hal/export/otlp_exporter.hpp>
#include <hal/net/signals.hpp>
#include <hal/net/workers.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/telemetry/log_writer.hpp>
#include <hal/telemetry/tracer.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace hal {

/// One worker's own things; only its thread touches them between start and end.
struct WorkerState {
  explicit WorkerState(const telemetry::TracerOptions& options) : tracer{options} {}
  service::Drain drain;
  telemetry::Tracer tracer;
  std::unique_ptr<exporter::OtlpExporter> exporter;
  std::optional<Scope> background;
};

class App::Impl {
 public:
  Impl(App& app, config::Source source, app::AppOptions options, app::TraceVariables variables,
       std::vector<config::Setting> settings);
  ~Impl();

  /// Discovery and traces: what may refuse the configuration.
  Result<> configure();
  void start_workers();
  Result<> run(Task<Result<>> (*serve)(App& app));
  Task<Result<>> on_listening(service::Listening listening);

  /// The admin server listens; control loop only.
  void admin_listens(net::Endpoint endpoint);
  /// Requests may come: a server listens and the process does not drain.
  [[nodiscard]] bool ready() const noexcept { return listening_.load() && !draining_.load(); }

  [[nodiscard]] bool in_pod() const {
    return source.environment.find("KUBERNETES_SERVICE_HOST").has_value();
  }

  App& app;
  const config::Source source;
  const app::AppOptions options;
  const app::TraceVariables variables;
  std::vector<config::Setting> settings;
  std::string service_name;
  std::map<std::string, std::string> metadata;

  log::Writer log_writer;
  std::optional<log::Setup> log_setup;
  net::TcpNetwork network;
  ThreadPool pool;
  net::IoLoop control;  ///< the main thread's: signals, admin port
  std::unique_ptr<service::Discovery> discovery;
  std::string discovery_reason;
  app::TraceSetup traces;
  service::Layers server_layers;
  service::Layers client_layers;
  std::optional<net::Workers> workers;
  std::deque<WorkerState> states;
  std::vector<service::Worker> service_workers;
  net::Endpoint admin_endpoint;  ///< set before the service starts; port 0 until then

 private:
  static Task<Result<>> main(Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<Result<>> main_in(Scope& scope, Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<Result<>> serve_on_worker(Impl* self, Task<Result<>> (*serve)(App& app));
  static Task<> run_admin(Impl* self);
  static Task<> watch_signals(Impl* self, Scope* scope);
  static Task<> drain(Impl* self);
  static Task<Result<>> end_worker(WorkerState* state);
  void make_layers();
  void start_exporters();
  void say_how_traces_go() const;

  WaitQueue admin_changed_;  ///< control loop
  Status fatal_;             ///< control loop: why the process cannot run
  std::mutex mutex_;
  std::vector<std::string> registered_;  ///< node ids
  std::atomic<bool> listening_ = false;
  std::atomic<bool> draining_ = false;
};

}  // namespace hal
