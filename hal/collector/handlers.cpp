#include <hal/collector/handlers.hpp>

#include <hal/collector/jaeger_json.hpp>
#include <hal/collector/otlp_decode.hpp>
#include <hal/collector/query.hpp>
#include <hal/collector/zipkin_decode.hpp>
#include <hal/http/extract.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/wire/grpc.hpp>
#include <hal/wire/query.hpp>

#include <chrono>

namespace hal::collector {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kProtobuf = "application/x-protobuf";

http::Response answer(int status, std::string_view type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("content-type", type);
  response.body = std::move(body);
  return response;
}

http::Response failure(const Status& status) {
  const int code = wire::grpc::http_from_code(status.code());
  return answer(code, kJson, error_json(code, status.message()));
}

/// A gzip body comes here as its content: the server decodes it.
Status refusal_of_coding(const http::Request& request) {
  const auto encoding = request.headers.get("content-encoding").value_or("identity");
  if (encoding == "identity") return {};
  return {Code::kInvalidArgument, fmt::format("content-encoding '{}' is not received", encoding)};
}

int status_of(const Status& refusal) {
  return refusal.code() == Code::kResourceExhausted ? 413 : 400;
}

/// Errors are a google.rpc.Status in protobuf, as OTLP wants them, and a log line for people.
http::Response refuse_spans(int code, const Status& status) {
  log::warn("spans refused: {}", status.message());
  return answer(code, kProtobuf, otlp_failure_body(status));
}

http::Response refuse_zipkin_spans(int code, const Status& status) {
  log::warn("Zipkin spans refused: {}", status.message());
  return answer(code, kText, std::string{status.message()});
}

Task<http::Response> receive_traces(http::State<Store> store, const http::Request& request) {
  const auto type = request.headers.get("content-type").value_or("");
  if (!type.starts_with(kProtobuf)) {
    co_return refuse_spans(
        415, {Code::kInvalidArgument,
              fmt::format("content-type '{}': only {} is received", type, kProtobuf)});
  }
  if (const Status refused = refusal_of_coding(request); !refused.ok()) {
    co_return refuse_spans(415, refused);
  }
  auto spans = decode_otlp_traces(request.body);
  if (!spans) co_return refuse_spans(status_of(spans.error()), spans.error());
  store->add(std::move(*spans));
  co_return answer(200, kProtobuf, "");
}

/// Zipkin answers with plain text.
Task<http::Response> receive_zipkin(http::State<Store> store, const http::Request& request) {
  const auto type = request.headers.get("content-type").value_or(kJson);
  const bool is_protobuf = type.starts_with(kProtobuf);
  auto refused = refusal_of_coding(request);
  if (!is_protobuf && !type.starts_with(kJson)) {
    refused = {Code::kInvalidArgument, fmt::format("content-type '{}': only {} and {} are received",
                                                   type, kJson, kProtobuf)};
  }
  if (!refused.ok()) co_return refuse_zipkin_spans(415, refused);
  auto spans =
      is_protobuf ? decode_zipkin_protobuf(request.body) : decode_zipkin_json(request.body);
  if (!spans) co_return refuse_zipkin_spans(status_of(spans.error()), spans.error());
  store->add(std::move(*spans));
  co_return answer(202, kText, "");
}

std::uint64_t unix_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count());
}

Task<http::Response> find_traces(http::State<Store> store, const http::Request& request) {
  const auto parameters = wire::parse_query(request.query);
  if (!parameters) co_return failure(parameters.error());
  const auto query = parse_trace_query(*parameters, unix_now());
  if (!query) co_return failure(query.error());
  std::vector<Trace> traces;
  for (const auto& id : query->ids) {
    if (auto trace = store->find(id)) traces.push_back(std::move(*trace));
  }
  if (query->ids.empty()) traces = store->recent(query->limit, query->filter);
  co_return answer(200, kJson, traces_json(traces));
}

Task<http::Response> get_trace(http::State<Store> store, http::Path<"id"> id) {
  const auto trace_id = TraceId::from_hex(*id);
  if (!trace_id) {
    co_return failure(
        {Code::kInvalidArgument, fmt::format("'{}' is no trace id: 1-32 hexadecimal digits", *id)});
  }
  const auto trace = store->find(*trace_id);
  if (!trace) co_return answer(404, kJson, error_json(404, "trace not found"));
  co_return answer(200, kJson, traces_json({&*trace, 1}));
}

Task<http::Response> services(http::State<Store> store) {
  co_return answer(200, kJson, names_json(store->services()));
}

Task<http::Response> service_operations(http::State<Store> store, http::Path<"service"> service) {
  std::vector<std::string> names;
  for (const auto& operation : store->operations(*service)) {
    if (names.empty() || names.back() != operation.name) names.push_back(operation.name);
  }
  co_return answer(200, kJson, names_json(names));
}

Task<http::Response> operations(http::State<Store> store, http::Query<"service"> service) {
  co_return answer(200, kJson, operations_json(store->operations(*service)));
}

}  // namespace

http::Router otlp_routes(Store& store) {
  return http::Router{store}.post("/v1/traces", receive_traces);
}

http::Router zipkin_routes(Store& store) {
  return http::Router{store}.post("/api/v2/spans", receive_zipkin);
}

http::Router query_routes(Store& store) {
  return http::Router{store}
      .get("/api/traces", find_traces)
      .get("/api/traces/:id", get_trace)
      .get("/api/services", services)
      .get("/api/services/:service/operations", service_operations)
      .get("/api/operations", operations);
}

}  // namespace hal::collector
