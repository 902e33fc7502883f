#include <hal/collector/handlers.hpp>

#include <hal/async/or_return.hpp>
#include <hal/base/ascii.hpp>
#include <hal/collector/jaeger_json.hpp>
#include <hal/collector/otlp_decode.hpp>
#include <hal/collector/query.hpp>
#include <hal/http/extract.hpp>
#include <hal/http/stream.hpp>
#include <hal/wire/grpc.hpp>
#include <hal/wire/gzip.hpp>
#include <hal/wire/query.hpp>

#include <chrono>

namespace hal::collector {
namespace {

/// What is written of a long answer at once.
constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;

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

/// What one way of sending spans answers.
struct Answers {
  Format format;
  std::string_view type;
  int taken;
  std::string_view taken_body;
  std::string (*refused_body)(const Status& reason);
};

// OTLP's are messages, of google.rpc.Status when they refuse.
constexpr Answers kOtlpProtobuf{Format::kOtlpProtobuf, kProtobuf, 200, "", otlp_failure_body};
constexpr Answers kOtlpJson{Format::kOtlpJson, kJson, 200, "{}", otlp_failure_json};

// Zipkin's are text.
std::string text_of(const Status& reason) { return reason.message(); }
constexpr Answers kZipkinJson{Format::kZipkinJson, kText, 202, "", text_of};
constexpr Answers kZipkinProtobuf{Format::kZipkinProtobuf, kText, 202, "", text_of};

/// The answers of the type that the request has; null for another type.
const Answers* find_answers(const http::Request& request, std::string_view default_type,
                            const Answers& json, const Answers& protobuf) {
  const auto type = request.headers.get("content-type").value_or(default_type);
  const auto name = ascii_trim(type.substr(0, type.find(';')));
  if (ascii_iequals(name, kJson)) return &json;
  return ascii_iequals(name, kProtobuf) ? &protobuf : nullptr;
}

Status refusal_of_type(const http::Request& request) {
  return {Code::kUnimplemented,
          fmt::format("content-type '{}': only {} and {} are received",
                      request.headers.get("content-type").value_or(""), kJson, kProtobuf)};
}

/// The body without its coding. Here and not in the server: what is refused is counted, and told in
/// the form of the request.
/// `unzipped` holds it if need be.
Result<std::string_view> content_of(const http::Request& request, std::string& unzipped) {
  const auto coding = request.headers.get("content-encoding").value_or("identity");
  if (ascii_iequals(coding, "identity")) return request.body;
  if (!ascii_iequals(coding, "gzip")) {
    return error(Code::kUnimplemented,
                 fmt::format("content-encoding '{}' is not received", coding));
  }
  auto content = wire::gunzip(request.body, {.output_bytes_max = kSpansBodyMax});
  if (!content) return error(std::move(content.error()));
  return unzipped = std::move(*content);
}

int status_of(Code refusal) {
  if (refusal == Code::kUnimplemented) return 415;
  return refusal == Code::kResourceExhausted ? 413 : 400;
}

/// Null `found`: the type is unknown, and `other` says so.
http::Response receive(Intake& intake, const http::Request& request, const Answers* found,
                       const Answers& other) {
  const Answers& answers = found == nullptr ? other : *found;
  std::string unzipped;
  const auto content =
      found == nullptr ? error(refusal_of_type(request)) : content_of(request, unzipped);
  if (!content) intake.refuse(answers.format, content.error());
  const auto taken =
      content ? intake.take(answers.format, *content) : Result<>{error(content.error())};
  if (taken) return answer(answers.taken, answers.type, std::string{answers.taken_body});
  return answer(status_of(taken.error().code()), answers.type, answers.refused_body(taken.error()));
}

Task<http::Response> receive_otlp(http::State<Intake> intake, const http::Request& request) {
  const auto* found = find_answers(request, "", kOtlpJson, kOtlpProtobuf);
  co_return receive(*intake, request, found, kOtlpProtobuf);
}

/// As Zipkin does, JSON is taken for granted.
Task<http::Response> receive_zipkin(http::State<Intake> intake, const http::Request& request) {
  const auto* found = find_answers(request, kJson, kZipkinJson, kZipkinProtobuf);
  co_return receive(*intake, request, found, kZipkinJson);
}

std::uint64_t unix_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count());
}

/// The whole of a short body, with its length.
Task<Result<>> write_whole(http::ResponseWriter out, int status, std::string body) {
  out.set_status(status);
  co_await or_return(out.start(body.size()));
  co_return co_await out.write(body);
}

Task<Result<>> refuse_query(http::ResponseWriter out, Status why) {
  const int code = wire::grpc::http_from_code(why.code());
  co_return co_await write_whole(out, code, error_json(code, why.message()));
}

/// Trace by trace: an answer may be larger than the store, and nobody waits for a copy of all.
Task<Result<>> write_traces(http::ResponseWriter out, const Store& store,
                            std::vector<TraceId> ids) {
  std::string piece;
  TracesJson json{piece};
  bool started = false;
  for (const TraceId& id : ids) {
    if (const auto trace = store.find(id)) json.add(*trace);
    if (piece.size() < kPieceBytes) continue;
    started = true;
    co_await or_return(out.write(piece));
    piece.clear();
  }
  json.end();
  if (!started) co_return co_await write_whole(out, 200, std::move(piece));
  co_return co_await out.write(piece);
}

Task<Result<>> find_traces(http::State<Store> store, const http::Request& request,
                           http::ResponseWriter out) {
  out.headers().add("content-type", kJson);
  const auto parameters = wire::parse_query(request.query);
  if (!parameters) co_return co_await refuse_query(out, parameters.error());
  auto query = parse_trace_query(*parameters, unix_now());
  if (!query) co_return co_await refuse_query(out, query.error());
  if (query->ids.empty()) query->ids = store->recent_ids(query->limit, query->filter);
  co_return co_await write_traces(out, *store, std::move(query->ids));
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

http::Router otlp_routes(Intake& intake) {
  return http::Router{intake}.post("/v1/traces", receive_otlp);
}

http::Router zipkin_routes(Intake& intake) {
  return http::Router{intake}.post("/api/v2/spans", receive_zipkin);
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
