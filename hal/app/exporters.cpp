// Gives each worker its exporter.
#include <hal/app/impl.hpp>
#include <hal/app/version.hpp>
#include <hal/export/http_post.hpp>
#include <hal/telemetry/semconv.hpp>

namespace hal {
namespace {

Task<> run_exporter(WorkerState* state) { co_await state->exporter->run(state->tracer); }

}  // namespace

void App::Impl::start_exporters() {
  if (traces.endpoint.empty()) return;
  namespace semconv = telemetry::semconv;
  std::vector<telemetry::Attribute> resource;
  for (const auto& [key, value] : traces.resource) resource.push_back({key, value});
  resource.push_back({semconv::kTelemetrySdkName, "hal9000"});
  resource.push_back({semconv::kTelemetrySdkLanguage, "cpp"});
  resource.push_back({semconv::kTelemetrySdkVersion, app::kVersion});
  const auto post = exporter::make_http_post(network, states.size(), traces.post);
  for (std::size_t index = 0; index < states.size(); ++index) {
    auto& state = states[index];
    state.exporter = std::make_unique<exporter::OtlpExporter>(
        exporter::OtlpOptions{.endpoint = traces.endpoint,
                              .timeout = variables.export_timeout,
                              .schedule_delay = variables.schedule_delay},
        resource, post);
    workers->loop(index).post([&state] { state.background->spawn(run_exporter, &state); });
  }
}

}  // namespace hal
