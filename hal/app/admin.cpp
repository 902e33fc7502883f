#include <hal/app/admin.hpp>

#include <hal/app/loopback.hpp>
#include <hal/app/metrics.hpp>
#include <hal/app/version.hpp>
#include <hal/base/ascii.hpp>
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

struct Option {
  std::string name{};
  std::string value{};
  std::string source{};
};
BOOST_DESCRIBE_STRUCT(Option, (), (name, value, source))

struct Configuration {
  std::string service{};
  std::vector<Option> options{};
};
BOOST_DESCRIBE_STRUCT(Configuration, (), (service, options))

struct LogLevel {
  std::string level{};
};
BOOST_DESCRIBE_STRUCT(LogLevel, (), (level))

/// A parameter of handlers that only this machine may call. The connection's address counts, not
/// what a header claims: X-Forwarded-For is anybody's to write.
struct FromLoopback {
  static http::Expected<FromLoopback> extract(const http::Exchange& exchange) {
    const auto& peer = exchange.call.peer_host;
    if (is_loopback(peer)) return FromLoopback{};
    return std::unexpected{http::Failure{
        403,
        {Code::kPermissionDenied,
         fmt::format("{} answers to this machine only (127.0.0.1 or ::1), this call is from {}",
                     exchange.call.path, peer)}}};
  }
  static void check(const http::RouteInfo&) {}
};

Task<Result<WorkerMetrics>> read_metrics(const WorkerState* state,
                                         const telemetry::RequestMetrics* requests) {
  WorkerMetrics metrics{
      .requests = *requests, .connections = state->connections, .traces = state->tracer.counters()};
  if (state->exporter != nullptr) metrics.exports = state->exporter->counters();
  co_return metrics;
}

std::string livez() { return "ok\n"; }

http::Response readyz(http::State<AdminHost> host) {
  const bool ready = host->app().ready();
  return {.status = ready ? 200 : 503,
          .headers = {{"content-type", "text/plain"}},
          .body = ready
                      ? "ready\n"
                      : "not ready: no server listens yet, the service has not got what it needs, "
                        "or the process drains\n"};
}

http::Json<Version> version(http::State<AdminHost> host) {
  return http::Json{Version{.service = host->app().service_name, .version = std::string{kVersion}}};
}

http::Json<Configuration> configuration(FromLoopback, http::State<AdminHost> host) {
  Configuration answer{.service = host->app().service_name};
  for (auto& setting : host->app().settings.all()) {
    answer.options.push_back({.name = std::move(setting.name),
                              .value = std::move(setting.value),
                              .source = std::move(setting.source)});
  }
  return http::Json{std::move(answer)};
}

http::Json<LogLevel> log_level(FromLoopback) {
  return http::Json{LogLevel{std::string{log::name(log::level())}}};
}

/// The body is the level, or {"level": "..."}.
Result<http::Json<LogLevel>> set_log_level(FromLoopback, const http::Request& request) {
  std::string wanted{ascii_trim(request.body)};
  if (wanted.starts_with('{')) {
    auto json = http::json::parse<LogLevel>(wanted);
    if (!json) return error(json.error());
    wanted = std::move(json->level);
  }
  const auto level = log::parse_level(wanted);
  if (!level) return error(level.error().with_prefix("the log's level"));
  const auto former = log::level();
  // At whichever level lets more through: even "off" leaves a trace.
  if (*level < former) log::set_level(*level);
  log::warn("log level {}, was {}: by /log-level", log::name(*level), log::name(former));
  log::set_level(*level);
  return http::Json{LogLevel{std::string{log::name(*level)}}};
}

Task<Result<std::string>> metrics(http::State<AdminHost> host) {
  WorkerMetrics sum;
  auto& app = host->app();
  for (std::size_t index = 0; index < app.states.size(); ++index) {
    const auto one = co_await or_return(co_await service::run_on(app.service_workers[index],
                                                                 read_metrics, &app.states[index],
                                                                 &(*app.request_metrics)[index]));
    sum.add(one);
  }
  co_return metrics_text(sum, {.refusals = app.refusals.counts(),
                               .log_lines_dropped = app.log_writer.dropped(),
                               .start_time = app.start_time}) +
      app.more_metrics();
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
                    .get("/metrics", metrics)
                    .get("/config", configuration)
                    .get("/log-level", log_level)
                    .put("/log-level", set_log_level);
  co_return co_await http::Server{host, std::move(router)}.run();
}

}  // namespace hal::app
