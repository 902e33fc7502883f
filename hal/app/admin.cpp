#include <hal/app/admin.hpp>

#include <hal/app/version.hpp>
#include <hal/http/server.hpp>
#include <hal/net/port_holder.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/service/run_on.hpp>

namespace hal::app {
namespace {

struct Version {
  std::string service{};
  std::string version{};
};
BOOST_DESCRIBE_STRUCT(Version, (), (service, version))

using Counters = telemetry::Tracer::Counters;

Task<Result<Counters>> read_counters(WorkerState* state) { co_return state->tracer.counters(); }

/// Prometheus text format 0.0.4.
void add_counter(std::string& out, std::string_view name, std::string_view help,
                 std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} counter\n{0} {2}\n", name,
                 help, value);
}

std::string livez() { return "ok\n"; }

http::Response readyz(http::State<AdminHost> host) {
  const bool ready = host->app().ready();
  return {.status = ready ? 200 : 503,
          .headers = {{"content-type", "text/plain"}},
          .body = ready ? "ready\n" : "not ready: no server listens yet, or the process drains\n"};
}

http::Json<Version> version(http::State<AdminHost> host) {
  return http::Json{Version{.service = host->app().service_name, .version = std::string{kVersion}}};
}

Task<Result<std::string>> metrics(http::State<AdminHost> host) {
  Counters sum;
  auto& app = host->app();
  for (std::size_t index = 0; index < app.states.size(); ++index) {
    const auto counters = co_await or_return(
        co_await service::run_on(app.service_workers[index], read_counters, &app.states[index]));
    sum.spans_recorded += counters.spans_recorded;
    sum.spans_dropped += counters.spans_dropped;
    sum.traces_dropped += counters.traces_dropped;
  }
  std::string out;
  add_counter(out, "hal_spans_recorded_total", "Spans handed to the export queue.",
              sum.spans_recorded);
  add_counter(out, "hal_spans_dropped_total", "Spans lost because the export queue was full.",
              sum.spans_dropped);
  add_counter(out, "hal_traces_dropped_total", "Local traces lost as a whole.", sum.traces_dropped);
  add_counter(out, "hal_log_lines_dropped_total", "Log lines lost because the output was blocked.",
              app.log_writer.dropped());
  co_return out;
}

}  // namespace

config::Port choose_admin_port(const AppOptions& options, bool in_pod) {
  if (options.admin_port) return *options.admin_port;
  constexpr config::Port kDefault{8081};
  if (in_pod) return kDefault;
  const bool is_the_services = options.service_port == kDefault;
  const auto free = net::probe_port({.host = options.service_host, .port = kDefault.number()});
  if (free && !is_the_services) return kDefault;
  log::info("admin port: {}; HAL_ADMIN_PORT is unset, so any free one is taken",
            is_the_services ? "8081 is the service's own" : free.error().message());
  return config::Port{0};
}

AdminHost::AdminHost(App::Impl& app, const Context& context)
    : app_{app},
      port_{choose_admin_port(app.options, app.in_pod())},
      background_{context},
      worker_{.index = 0, .loop = context.loop, .drain = &drain_, .background = &background_},
      layers_{std::make_shared<layers::ServerDeadline>(), std::make_shared<layers::Panic>()} {}

net::Endpoint AdminHost::listen_endpoint() const {
  return {.host = app_.options.service_host, .port = port_.number()};
}

Task<Result<>> AdminHost::on_listening(service::Listening listening) {
  app_.admin_listens(std::move(listening.endpoint));
  co_return Result<>{};
}

Task<> AdminHost::end() {
  background_.cancel({Code::kCancelled, "the process stops"});
  co_await background_.join();
}

Task<Result<>> run_admin_server(AdminHost& host) {
  auto router = http::Router{host}
                    .get("/livez", livez)
                    .get("/readyz", readyz)
                    .get("/version", version)
                    .get("/metrics", metrics);
  co_return co_await http::Server{host, std::move(router)}.run();
}

}  // namespace hal::app
