#include <hal/collector/serve.hpp>

#include <hal/app/node.hpp>
#include <hal/async/scope.hpp>
#include <hal/collector/handlers.hpp>
#include <hal/collector/trace_service.hpp>
#include <hal/http/server.hpp>
#include <hal/rpc/server.hpp>
#include <hal/service/host_at.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/telemetry/log.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace hal::collector {
namespace {

constexpr std::size_t kQueryBodyMax = std::size_t{1024} * 1024;

constexpr std::array<std::string_view, 3> kReceivers{"otlp-http", "otlp-grpc", "zipkin"};

Task<Result<>> run_http(service::HostAt* host, http::Router router, std::size_t body_max) {
  http::ServerOptions options;
  options.http1.limits.body_bytes = body_max;
  co_return co_await http::Server{*host, std::move(router), options}.run();
}

Task<Result<>> run_grpc(service::HostAt* host, Intake* intake) {
  TraceService service{*intake};
  rpc::Server server{*host, {.message_bytes_max = kSpansBodyMax}};
  co_return co_await server.add(service).run();
}

/// What a scrape reads, too: it may outlive the servers.
struct Spans {
  explicit Spans(const StoreOptions& options) : store{options} {}
  Store store;
  Intake intake{store};
};

/// One collector's servers; each has a port of its own.
struct Servers {
  service::HostAt otlp;
  service::HostAt otlp_grpc;
  service::HostAt zipkin;
  service::HostAt query;
};

std::string address(const service::Listening& listening) {
  return net::to_string(app::reachable(listening.endpoint));
}

Task<Result<>> serve_all(Scope& scope, App* app, Servers* servers, Spans* spans,
                         const std::vector<std::string>* receivers) {
  const auto wants = [receivers](std::string_view name) {
    return std::ranges::find(*receivers, name) != receivers->end();
  };
  const auto tell = [app](std::string_view what, const char* key, std::string where) {
    hal::log::info("{} on {}", what, where);
    app->add_metadata(key, std::move(where));
  };
  if (wants("otlp-http")) {
    scope.spawn(run_http, &servers->otlp, otlp_routes(spans->intake), kSpansBodyMax);
    const auto listening = co_await or_return(servers->otlp.listening());
    tell("OTLP/HTTP", app::kOtlpMetadata, "http://" + address(listening));
  }
  if (wants("otlp-grpc")) {
    scope.spawn(run_grpc, &servers->otlp_grpc, &spans->intake);
    const auto listening = co_await or_return(servers->otlp_grpc.listening());
    tell("OTLP/gRPC", app::kOtlpGrpcMetadata, address(listening));
  }
  if (wants("zipkin")) {
    scope.spawn(run_http, &servers->zipkin, zipkin_routes(spans->intake), kSpansBodyMax);
    const auto listening = co_await or_return(servers->zipkin.listening());
    tell("Zipkin v2", app::kZipkinMetadata, "http://" + address(listening));
  }
  scope.spawn(run_http, &servers->query, query_routes(spans->store), kQueryBodyMax);
  const auto query = co_await or_return(servers->query.listening());
  tell("queries", app::kQueryMetadata, "http://" + address(query));
  co_return co_await app->on_listening(query);
}

void check(const std::vector<std::string>& receivers) {
  for (const auto& name : receivers) {
    if (std::ranges::find(kReceivers, name) != kReceivers.end()) continue;
    throw ConfigError{
        {Code::kInvalidArgument, fmt::format("HAL_COLLECTOR_RECEIVERS: '{}' is none of {}", name,
                                             fmt::join(kReceivers, ", "))}};
  }
  if (receivers.empty()) {
    throw ConfigError{
        {Code::kInvalidArgument,
         fmt::format("HAL_COLLECTOR_RECEIVERS names none of {}", fmt::join(kReceivers, ", "))}};
  }
}

/// Sockets of one process share a port in silence, and each answers half of what comes.
void check_ports(const CollectorOptions& options) {
  std::map<std::uint16_t, std::string_view> taken;
  for (const auto& [name, port] : {std::pair{"OTLP", options.otlp_port},
                                   {"OTLP_GRPC", options.otlp_grpc_port},
                                   {"ZIPKIN", options.zipkin_port},
                                   {"QUERY", options.query_port}}) {
    if (port.number() == 0) continue;
    const auto [other, is_new] = taken.try_emplace(port.number(), name);
    if (is_new) continue;
    throw ConfigError{
        {Code::kInvalidArgument, fmt::format("HAL_COLLECTOR_{}_PORT='{}': allowed is any port but "
                                             "HAL_COLLECTOR_{}_PORT's",
                                             name, port.number(), other->second)}};
  }
}

}  // namespace

void CollectorOptions::describe(config::Fields& fields) {
  fields.prefix("HAL_COLLECTOR_");
  fields["otlp_port"].help("OTLP/HTTP; 0: any free one");
  fields["otlp_grpc_port"].help("OTLP/gRPC; 0: any free one");
  fields["zipkin_port"].help("Zipkin v2; 0: any free one");
  fields["query_port"].help("query API; 0: any free one");
  fields["spans_max"]
      .range(std::size_t{1}, std::size_t{100'000'000})
      .help("spans kept; above it the oldest traces leave");
  fields["memory_mib_max"]
      .range(std::size_t{1}, std::size_t{1024 * 1024})
      .help("MiB that they may take, an estimate");
  fields["receivers"].help("what is received: otlp-http, otlp-grpc, zipkin");
}

Task<Result<>> serve(App& app) {
  const auto options = app.config<CollectorOptions>();
  check(options.receivers);
  check_ports(options);
  const std::string host = app.listen_endpoint().host;
  // Its own calls are no part of anybody's trace.
  const auto layers = layers::with_trace(app.server_layers(), {.skip = {layers::path_prefix("/")}});
  const auto endpoint = [&](config::Port port) {
    return net::Endpoint{.host = host, .port = port.number()};
  };
  Servers servers{.otlp = {app, endpoint(options.otlp_port), layers},
                  .otlp_grpc = {app, endpoint(options.otlp_grpc_port), layers},
                  .zipkin = {app, endpoint(options.zipkin_port), layers},
                  .query = {app, endpoint(options.query_port), layers}};
  const auto spans = std::make_shared<Spans>(
      StoreOptions{.spans_max = options.spans_max, .bytes_max = options.memory_mib_max << 20});
  app.add_metrics([spans](telemetry::PrometheusText& text) { spans->intake.write(text); });
  co_return co_await with_scope(serve_all, &app, &servers, spans.get(), &options.receivers);
}

}  // namespace hal::collector
