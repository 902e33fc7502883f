#include <hal/app/impl.hpp>

#include <hal/app/command.hpp>
#include <hal/app/node.hpp>
#include <hal/app/reload.hpp>
#include <hal/async/block_on.hpp>
#include <hal/discovery/registry_choice.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/telemetry/prometheus.hpp>
#include <hal/wire/url.hpp>

namespace hal {
namespace {

Task<Result<std::string>> collector_url(service::Discovery* discovery) {
  const auto nodes = co_await or_return(discovery->resolve(std::string{app::kCollectorService}));
  const auto& metadata = nodes.front().metadata;
  const auto url = metadata.find(app::kOtlpMetadata);
  if (url == metadata.end()) co_return error(Code::kNotFound, "the collector names no OTLP port");
  co_return url->second;
}

}  // namespace

App::Impl::Impl(App& the_app, config::Source the_source)
    : app{the_app}, source{std::move(the_source)} {}

App::Impl::~Impl() {
  if (workers) workers->stop_and_join();
}

Result<> App::Impl::configure() {
  const auto& host = options.service_host;
  if (!host.empty() && host != "localhost" && !net::is_numeric_host(host)) {
    return error(Code::kInvalidArgument,
                 fmt::format("SERVICE_HOST='{}': allowed is an IP address to listen on, localhost, "
                             "or nothing for all addresses",
                             host));
  }
  if (const auto port = options.admin_port.value_or(config::Port{}).number();
      port >= 15'000 && port <= 15'090) {
    return error(Code::kInvalidArgument,
                 fmt::format("HAL_ADMIN_PORT='{}': allowed is any port but 15000 to 15090, which "
                             "belong to Istio's sidecar",
                             port));
  }
  // Sockets of one process share a port in silence, and each answers half of what comes.
  if (const auto port = options.service_port.number();
      port != 0 && options.admin_port == options.service_port) {
    return error(Code::kInvalidArgument,
                 fmt::format("HAL_ADMIN_PORT='{}': allowed is any port but SERVICE_PORT's", port));
  }
  if (auto loaded = tls.load(options); !loaded) return loaded;
  const auto lines = app::log_lines(options);
  if (!lines) return error(lines.error());
  log_setup.emplace(log::Options{.level = dry_network ? log::Level::kOff : lines->level,
                                 .format = lines->format,
                                 .service = service_name,
                                 .sink = &log_writer});

  control.set_offload_pool(&pool);
  auto choice = discovery::make_discovery(source, {app.network(), control});
  if (!choice) return error(std::move(choice.error()));
  discovery = std::move(choice->discovery);
  discovery_reason = std::move(choice->reason);

  std::string local_collector;
  if (discovery->name() == "local") {
    local_collector = block_on(control, collector_url, discovery.get()).value_or("");
  }
  auto set_up = app::set_up_traces(variables, exports, service_name, local_collector);
  if (!set_up) return error(std::move(set_up.error()));
  traces = std::move(*set_up);
  make_layers();
  return {};
}

void App::Impl::make_layers() {
  const std::size_t count = options.workers == 0 ? net::default_worker_count() : options.workers;
  request_metrics = std::make_shared<layers::Metrics::PerWorker>(count);
  server_layers = {std::make_shared<layers::ServerTrace>(traces.layers),
                   std::make_shared<layers::Metrics>(request_metrics),
                   std::make_shared<layers::ServerDeadline>(), std::make_shared<layers::Panic>()};
  client_layers = {std::make_shared<layers::ClientTrace>(traces.layers)};
}

void App::Impl::add_metrics(std::function<void(telemetry::PrometheusText&)> write) {
  const std::lock_guard lock{mutex_};
  metrics_.push_back(std::move(write));
}

void App::Impl::ready_when(std::function<bool()> condition) {
  const std::lock_guard lock{mutex_};
  unmet_.push_back(std::move(condition));
}

bool App::Impl::ready() {
  if (!listening_.load() || draining_.load()) return false;
  const std::lock_guard lock{mutex_};
  std::erase_if(unmet_, [](const auto& condition) { return condition(); });
  return unmet_.empty();
}

std::string App::Impl::more_metrics() const {
  telemetry::PrometheusText text;
  const std::lock_guard lock{mutex_};
  for (const auto& write : metrics_) write(text);
  return text.take();
}

void App::Impl::start_workers() {
  workers.emplace(request_metrics->size(), pool);
  for (unsigned index = 0; index < request_metrics->size(); ++index) {
    Loop& loop = workers->loop(index);
    auto& state = states.emplace_back(telemetry::TracerOptions{
        .mode = traces.mode.mode,
        .sampler = traces.sampler,
        .limits = traces.limits,
        .queue_spans_max = exports.max_queue_size,
        .queue_bytes_max = exports.max_queue_bytes,
        .batch_spans = std::min(exports.max_export_batch_size, exports.max_queue_size),
        .batch_bytes_max =
            std::min(telemetry::TracerOptions{}.batch_bytes_max, exports.max_queue_bytes)});
    state.background.emplace(Context{.loop = &loop, .tracer = &state.tracer});
    loop.set_worker(index, *state.background);
    service_workers.push_back({.index = index,
                               .loop = &loop,
                               .drain = &state.drain,
                               .background = &*state.background,
                               .connections = &state.connections});
  }
  discovery->start(service_workers.front());
  if (!dry_network) start_exporters();
}

void App::Impl::say_how_traces_go() const {
  const auto& exporting = traces.exporting;
  const std::string mode =
      fmt::format("traces: {} ({})", telemetry::name(traces.mode.mode), traces.mode.reason);
  if (exporting.endpoint.empty()) {
    log::info("{}", mode);
    if (traces.mode.mode == telemetry::Mode::kFull) {
      log::warn(
          "traces are full, but spans go nowhere: what hangs below them in a mesh's traces has no "
          "parent; set OTEL_EXPORTER_OTLP_ENDPOINT, or HAL_TRACE_MODE=forward");
    }
  } else {
    log::info("{}, spans go to {} by {}", mode, wire::shown_url(exporting.endpoint),
              name(exporting.protocol));
    if (!exporting.warning.empty()) log::warn("{}", exporting.warning);
  }
  if (traces.layers.inject.b3_single) {
    log::warn(
        "OTEL_PROPAGATORS has b3: sidecars of Envoy up to 1.39 pass the header on as it is, and "
        "every hop behind one hangs at the wrong span; b3multi is what they renew");
  }
  log::info("registry: {} ({})", discovery->name(), discovery_reason);
}

Task<Result<>> App::Impl::on_listening(service::Listening listening) {
  // A signal may have come while the service was starting: nobody is to find it any more.
  if (dry_network || draining_.load()) co_return Result<>{};
  // Only now has the service read all the options it has.
  co_await or_return(check_known());
  for (const auto& line : app::unknown_variable_warnings(source.environment, settings.all())) {
    log::warn("{}", line);
  }
  auto node = app::describe_node(listening, {.service = service_name,
                                             .host = discovery->advertised_host(),
                                             .options = node_options,
                                             .metadata = metadata});
  node.metadata.insert_or_assign(
      app::kAdminMetadata,
      net::to_string(app::reachable(admin_endpoint, discovery->advertised_host())));
  co_await or_return(registered_.add(discovery.get(), std::move(node)));
  listening_.store(true);
  log::info("{} listens on {}", service_name, net::to_string(listening.endpoint));
  co_return Result<>{};
}

}  // namespace hal
