#include <hal/cli/doctor_json.hpp>

#include <hal/cli/terminal_text.hpp>
#include <hal/collector/doctor/words.hpp>
#include <hal/http/json.hpp>

#include <boost/describe/class.hpp>

#include <optional>
#include <vector>

namespace hal::cli {
namespace {

namespace doctor = collector::doctor;

struct JsonSpan {
  std::string trace_id{};
  std::string span_id{};
  std::optional<std::string> parent_span_id{};
  std::optional<std::string> request_id{};
};
BOOST_DESCRIBE_STRUCT(JsonSpan, (), (trace_id, span_id, parent_span_id, request_id))

struct JsonEvidence {
  std::optional<JsonSpan> request{};
  JsonSpan call{};
  std::string node_id{};
  std::string upstream_cluster{};
};
BOOST_DESCRIBE_STRUCT(JsonEvidence, (), (request, call, node_id, upstream_cluster))

struct JsonFinding {
  std::string cause{};
  std::string service{};
  std::string upstream{};
  std::string provider{};
  std::string title{};
  std::string why{};
  std::vector<std::string> headers{};
  std::string cure{};
  bool request_id_kept = false;
  bool by_time_alone = false;
  std::size_t calls = 0;
  std::size_t calls_seen = 0;
  std::string first{};
  std::string last{};
  std::vector<JsonEvidence> evidence{};
};
BOOST_DESCRIBE_STRUCT(JsonFinding, (),
                      (cause, service, upstream, provider, title, why, headers, cure,
                       request_id_kept, by_time_alone, calls, calls_seen, first, last, evidence))

struct JsonDoubt {
  std::string service{};
  std::string upstream{};
  std::string text{};
};
BOOST_DESCRIBE_STRUCT(JsonDoubt, (), (service, upstream, text))

struct JsonDiagnosis {
  std::vector<JsonFinding> findings{};
  std::vector<JsonDoubt> doubts{};
  std::size_t traces = 0;
  std::size_t arriving = 0;
  std::size_t too_large = 0;
  std::size_t services = 0;
  bool is_cut = false;
  bool is_too_early = false;
};
BOOST_DESCRIBE_STRUCT(JsonDiagnosis, (),
                      (findings, doubts, traces, arriving, too_large, services, is_cut,
                       is_too_early))

std::optional<std::string> known(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

JsonEvidence evidence_of(const doctor::Evidence& evidence) {
  JsonEvidence json{.call = {.trace_id = evidence.outbound_trace.hex(),
                             .span_id = evidence.outbound_span.hex(),
                             .request_id = known(evidence.outbound_request_id)},
                    .node_id = evidence.node_id,
                    .upstream_cluster = evidence.upstream_cluster};
  if (evidence.outbound_parent.valid()) json.call.parent_span_id = evidence.outbound_parent.hex();
  if (evidence.inbound_span.valid()) {
    json.request = JsonSpan{.trace_id = evidence.inbound_trace.hex(),
                            .span_id = evidence.inbound_span.hex(),
                            .request_id = known(evidence.inbound_request_id)};
  }
  return json;
}

JsonFinding finding_of(const doctor::Finding& finding) {
  doctor::Words words = words_of(finding);
  JsonFinding json{.cause = std::string{name(finding.cause)},
                   .service = finding.service,
                   .upstream = finding.upstream,
                   .provider = std::string{name(finding.provider)},
                   .title = std::move(words.title),
                   .why = std::move(words.why),
                   .headers = {words.headers.begin(), words.headers.end()},
                   .cure = std::move(words.cure),
                   .request_id_kept = finding.request_id_kept,
                   .by_time_alone = finding.by_time_alone,
                   .calls = finding.calls,
                   .calls_seen = finding.calls_seen,
                   .first = utc_time(finding.first_unix_ns),
                   .last = utc_time(finding.last_unix_ns)};
  for (const auto& evidence : finding.evidence) json.evidence.push_back(evidence_of(evidence));
  return json;
}

}  // namespace

std::string diagnosis_json(const doctor::Diagnosis& diagnosis, const DoctorReading& reading) {
  JsonDiagnosis json{.traces = diagnosis.traces,
                     .arriving = diagnosis.arriving,
                     .too_large = diagnosis.too_large,
                     .services = diagnosis.services,
                     .is_cut = reading.is_cut,
                     .is_too_early = diagnosis.is_too_early};
  for (const auto& finding : diagnosis.findings) json.findings.push_back(finding_of(finding));
  for (const auto& doubt : diagnosis.doubts) {
    json.doubts.push_back({doubt.service, doubt.upstream, words_of(doubt)});
  }
  return http::json::to_string(json) + '\n';
}

}  // namespace hal::cli
