#include <hal/app/metrics.hpp>

#include <hal/telemetry/prometheus.hpp>
#include <hal/wire/trace_formats.hpp>

namespace hal::app {
namespace {

using telemetry::PrometheusText;

void counter(PrometheusText& text, std::string_view name, std::string_view help,
             std::uint64_t value) {
  text.family(name, "counter", help);
  text.sample({}, value);
}

void add_requests(PrometheusText& text, const telemetry::RequestMetrics& requests) {
  text.family("hal_requests_total", "counter", "Requests answered, by protocol, route and status.");
  for (const auto& [key, route] : requests.routes()) {
    const auto& [protocol, method, pattern] = key;
    for (const auto& [status, number] : route.by_status) {
      text.sample(
          {{"protocol", protocol}, {"method", method}, {"route", pattern}, {"status", status}},
          number);
    }
  }
  text.family("hal_requests_in_flight", "gauge", "Requests under way.");
  for (const std::string_view protocol : {"http", "grpc"}) {
    text.sample({{"protocol", protocol}}, requests.in_flight(protocol));
  }
  text.family("hal_request_duration_seconds", "histogram",
              "From a request's head to its handler's end.");
  for (const auto& [key, route] : requests.routes()) {
    const auto& [protocol, method, pattern] = key;
    text.sample({{"protocol", protocol}, {"method", method}, {"route", pattern}}, route.duration);
  }
}

void add_refusals(PrometheusText& text, const std::vector<service::Refusals::Count>& refusals) {
  text.family("hal_requests_refused_total", "counter",
              "Requests that no route has seen: too large, too slow or malformed, by status.");
  for (const auto& [protocol, status, requests] : refusals) {
    text.sample({{"protocol", name(protocol)}, {"status", fmt::to_string(status)}}, requests);
  }
}

void add_traces(PrometheusText& text, const WorkerMetrics& workers) {
  const auto& traces = workers.traces;
  counter(text, "hal_spans_recorded_total", "Spans handed to the export queue.",
          traces.spans_recorded);
  counter(text, "hal_spans_dropped_total", "Spans lost because the export queue was full.",
          traces.spans_dropped);
  counter(text, "hal_spans_exported_total", "Spans that the collector took.",
          workers.exports.spans_exported);
  counter(text, "hal_spans_failed_total", "Spans that the collector did not take.",
          workers.exports.spans_failed);
  counter(text, "hal_traces_dropped_total", "Local traces lost as a whole.", traces.traces_dropped);
  text.family("hal_trace_restarts_total", "counter",
              "Inbound trace contexts that were malformed, by reason.");
  constexpr auto kLast = static_cast<std::size_t>(wire::RejectReason::kZeroId);
  for (std::size_t reason = 0; reason <= kLast; ++reason) {
    text.sample({{"reason", wire::to_string(static_cast<wire::RejectReason>(reason))}},
                traces.restarts[reason]);
  }
}

}  // namespace

void WorkerMetrics::add(const WorkerMetrics& other) {
  requests.add(other.requests);
  connections.accepted += other.connections.accepted;
  connections.open += other.connections.open;
  traces.spans_recorded += other.traces.spans_recorded;
  traces.spans_dropped += other.traces.spans_dropped;
  traces.traces_dropped += other.traces.traces_dropped;
  for (std::size_t i = 0; i < traces.restarts.size(); ++i) {
    traces.restarts[i] += other.traces.restarts[i];
  }
  exports.batches_exported += other.exports.batches_exported;
  exports.batches_failed += other.exports.batches_failed;
  exports.spans_exported += other.exports.spans_exported;
  exports.spans_failed += other.exports.spans_failed;
}

std::string metrics_text(const WorkerMetrics& workers, const ProcessMetrics& process) {
  PrometheusText text;
  add_requests(text, workers.requests);
  add_refusals(text, process.refusals);
  text.family("hal_connections", "gauge", "Open connections of servers.");
  text.sample({}, workers.connections.open);
  counter(text, "hal_connections_accepted_total", "Connections accepted by servers.",
          workers.connections.accepted);
  add_traces(text, workers);
  counter(text, "hal_log_lines_dropped_total", "Log lines lost because the output was blocked.",
          process.log_lines_dropped);
  text.family("process_start_time_seconds", "gauge", "Start of the process, Unix time.");
  text.sample({}, std::chrono::duration<double>(process.start_time.time_since_epoch()).count());
  return text.take();
}

}  // namespace hal::app
