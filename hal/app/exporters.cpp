// Gives each worker its exporter.
#include <hal/app/impl.hpp>
#include <hal/app/version.hpp>
#include <hal/export/otlp_grpc.hpp>
#include <hal/export/otlp_http.hpp>
#include <hal/export/zipkin.hpp>
#include <hal/telemetry/semconv.hpp>
#include <hal/wire/url.hpp>

namespace hal {
namespace {

Task<> run_exporter(WorkerState* state) { co_await state->exporter->run(state->tracer); }

}  // namespace

std::shared_ptr<exporter::SpanSender> App::Impl::make_sender() {
  namespace semconv = telemetry::semconv;
  std::vector<telemetry::Attribute> resource;
  for (const auto& [key, value] : traces.resource) resource.push_back({key, value});
  resource.push_back({semconv::kTelemetrySdkName, "hal9000"});
  resource.push_back({semconv::kTelemetrySdkLanguage, "cpp"});
  resource.push_back({semconv::kTelemetrySdkVersion, app::kVersion});
  const auto& exporting = traces.exporting;
  if (exporting.protocol == app::ExportProtocol::kOtlpGrpc) {
    const auto url = wire::parse_url(exporting.endpoint).value();
    exporter::OtlpGrpcOptions grpc{
        .host = url.host, .port = url.port, .headers = exporting.headers};
    if (url.scheme == "https") grpc.tls = exporting.post.tls;
    return exporter::make_otlp_grpc_sender(app, std::move(grpc), resource);
  }
  auto post = exporter::make_http_post(network, states.size(), exporting.post);
  if (exporting.protocol == app::ExportProtocol::kZipkin) {
    return exporter::make_zipkin_sender(exporting.endpoint, resource, std::move(post));
  }
  return exporter::make_otlp_http_sender(exporting.endpoint, exporting.headers, resource,
                                         std::move(post));
}

void App::Impl::start_exporters() {
  if (traces.exporting.endpoint.empty()) return;
  const auto sender = make_sender();
  for (std::size_t index = 0; index < states.size(); ++index) {
    auto& state = states[index];
    state.exporter = std::make_unique<exporter::SpanExporter>(
        exporter::SpanExporterOptions{.endpoint = wire::shown_url(traces.exporting.endpoint),
                                      .timeout = traces.exporting.timeout,
                                      .schedule_delay = exports.schedule_delay},
        sender);
    workers->loop(static_cast<unsigned>(index)).post([&state] {
      state.background->spawn(run_exporter, &state);
    });
  }
}

}  // namespace hal
