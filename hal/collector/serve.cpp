#include <hal/collector/serve.hpp>

#include <hal/app/node.hpp>
#include <hal/async/scope.hpp>
#include <hal/collector/handlers.hpp>
#include <hal/http/server.hpp>
#include <hal/service/host_at.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::collector {
namespace {

/// OTLP's exporters send at most so much in one request (opentelemetry-proto specification.md).
constexpr std::uint64_t kOtlpBodyMax = 64 * 1024 * 1024;

Task<Result<>> run_server(service::HostAt* host, http::Router router, std::uint64_t body_max) {
  http::ServerOptions options;
  options.http1.limits.body_bytes = body_max;
  options.gunzip = wire::GunzipLimits{.output_bytes_max = body_max};
  co_return co_await http::Server{*host, std::move(router), options}.run();
}

Task<Result<>> serve_both(Scope& scope, App* app, service::HostAt* otlp, service::HostAt* query,
                          Store* store) {
  scope.spawn(run_server, otlp, otlp_routes(*store), kOtlpBodyMax);
  scope.spawn(run_server, query, query_routes(*store), std::uint64_t{1024 * 1024});
  const auto receives = co_await or_return(otlp->listening());
  const auto answers = co_await or_return(query->listening());
  const auto url = [](const net::Endpoint& endpoint) {
    return "http://" + net::to_string(app::reachable(endpoint));
  };
  app->add_metadata(app::kOtlpMetadata, url(receives.endpoint));
  app->add_metadata(app::kQueryMetadata, url(answers.endpoint));
  hal::log::info("spans are received on {}/v1/traces, queries answered on {}/api/traces",
                 url(receives.endpoint), url(answers.endpoint));
  co_return co_await app->on_listening(answers);
}

}  // namespace

void CollectorOptions::describe(config::Fields& fields) {
  fields["otlp_port"].variable("HAL_COLLECTOR_OTLP_PORT").help("OTLP/HTTP; 0: any free one");
  fields["query_port"].variable("HAL_COLLECTOR_QUERY_PORT").help("query API; 0: any free one");
}

Task<Result<>> serve(App& app) {
  const auto options = app.config<CollectorOptions>();
  const std::string host = app.listen_endpoint().host;
  // Its own calls are no part of anybody's trace.
  const service::Layers layers{std::make_shared<layers::ServerDeadline>(),
                               std::make_shared<layers::Panic>()};
  service::HostAt otlp{app, {.host = host, .port = options.otlp_port.number()}, layers};
  service::HostAt query{app, {.host = host, .port = options.query_port.number()}, layers};
  Store store;
  co_return co_await with_scope(serve_both, &app, &otlp, &query, &store);
}

}  // namespace hal::collector
