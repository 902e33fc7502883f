#include <hal/service/layers/trace/span_attributes.hpp>

#include <hal/service/http_status.hpp>
#include <hal/telemetry/semconv.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hal::layers {
namespace {

namespace semconv = telemetry::semconv;
using service::Call;
using service::Kind;
using service::Protocol;

constexpr std::array<std::string_view, 9> kMethods{"GET",  "POST",  "PUT",     "DELETE", "PATCH",
                                                   "HEAD", "TRACE", "OPTIONS", "CONNECT"};

bool is_known_method(std::string_view method) {
  return std::ranges::find(kMethods, method) != kMethods.end();
}

/// The codes that are the server's own fault (rpc/grpc.md, "gRPC status").
bool is_server_fault(Code code) {
  switch (code) {
    case Code::kUnknown:
    case Code::kDeadlineExceeded:
    case Code::kUnimplemented:
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kDataLoss:
      return true;
    default:
      return false;
  }
}

/// The query without the values of the keys that carry signatures (http/http-spans.md, "url.full").
std::string redacted(std::string_view query) {
  constexpr std::array<std::string_view, 4> kSecretKeys{"AWSAccessKeyId", "Signature", "sig",
                                                        "X-Goog-Signature"};
  std::string result;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    const std::string_view key = pair.substr(0, pair.find('='));
    const bool secret = std::ranges::find(kSecretKeys, key) != kSecretKeys.end();
    if (secret && key.size() < pair.size()) {
      result.append(key).append("=REDACTED");
    } else {
      result.append(pair);
    }
    query.remove_prefix(pair.size());
    if (query.empty()) break;
    query.remove_prefix(1);
    result += '&';
  }
  return result;
}

std::string full_url(const Call& call) {
  const bool brackets = call.peer_host.contains(':');  // an IPv6 address
  std::string url = fmt::format("{}://{}{}{}", call.scheme, brackets ? "[" : "", call.peer_host,
                                brackets ? "]" : "");
  if (call.peer_port != 0) fmt::format_to(std::back_inserter(url), ":{}", call.peer_port);
  url += call.path;
  if (!call.query.empty()) url.append("?").append(redacted(call.query));
  return url;
}

void describe_server(const Call& call, telemetry::RecordedSpan& span) {
  span.set_attribute(semconv::kServerAddress, call.peer_host);
  if (call.peer_port != 0) span.set_attribute(semconv::kServerPort, call.peer_port);
}

void describe_http(const Call& call, telemetry::RecordedSpan& span) {
  const bool known = is_known_method(call.method);
  span.set_attribute(semconv::kHttpRequestMethod, known ? call.method : semconv::kHttpMethodOther);
  if (!known) span.set_attribute(semconv::kHttpRequestMethodOriginal, call.method);
  if (call.kind == Kind::kClient) {
    describe_server(call, span);
    span.set_attribute(semconv::kUrlFull, full_url(call));
    return;
  }
  span.set_attribute(semconv::kUrlPath, call.path);
  span.set_attribute(semconv::kUrlScheme, call.scheme);
  if (!call.query.empty()) span.set_attribute(semconv::kUrlQuery, redacted(call.query));
  if (!call.route.empty()) span.set_attribute(semconv::kHttpRoute, call.route);
  if (const auto agent = call.request_headers->get("user-agent")) {
    span.set_attribute(semconv::kUserAgentOriginal, *agent);
  }
}

void describe_rpc(const Call& call, telemetry::RecordedSpan& span) {
  span.set_attribute(semconv::kRpcSystemName, semconv::kRpcSystemGrpc);
  span.set_attribute(semconv::kRpcMethod, call.method);
  if (call.kind == Kind::kClient) describe_server(call, span);
}

}  // namespace

std::string_view span_name(const Call& call, std::string& buffer) {
  if (call.protocol == Protocol::kGrpc) return call.method;
  const std::string_view method = is_known_method(call.method) ? call.method : "HTTP";
  if (call.route.empty()) return method;
  buffer.append(method).append(" ").append(call.route);
  return buffer;
}

void describe_request(const Call& call, telemetry::RecordedSpan& span) {
  if (!span.recording()) return;
  if (call.protocol == Protocol::kHttp) {
    describe_http(call, span);
  } else {
    describe_rpc(call, span);
  }
  if (call.kind == Kind::kServer) {
    span.set_attribute(semconv::kNetworkPeerAddress, call.peer_host);
    span.set_attribute(semconv::kNetworkPeerPort, call.peer_port);
  }
}

void describe_outcome(const Call& call, telemetry::RecordedSpan& span) {
  if (!span.recording()) return;
  bool failed = false;
  std::string type;
  int http_status = call.protocol == Protocol::kHttp ? call.http_status : 0;
  if (call.protocol == Protocol::kHttp && call.kind == Kind::kServer && http_status == 0 &&
      !call.status.ok()) {
    http_status = service::http_status_of(call.status.code());  // what the edge is to answer
  }
  if (http_status != 0) {
    span.set_attribute(semconv::kHttpResponseStatusCode, http_status);
    failed = http_status >= (call.kind == Kind::kServer ? 500 : 400);
    type = std::to_string(http_status);
  } else {
    const Code code = call.status.code();
    if (call.protocol == Protocol::kGrpc) span.set_attribute(semconv::kRpcStatusCode, name(code));
    failed = call.kind == Kind::kServer ? is_server_fault(code) : code != Code::kOk;
    type = name(code);
  }
  if (!failed) return;
  span.set_attribute(semconv::kErrorType, type);
  span.set_status(telemetry::SpanStatus::kError, call.status.message());
}

void describe_broken_body(const Status& why, telemetry::RecordedSpan& span) {
  span.set_attribute(semconv::kErrorType, name(why.code()));
  span.set_status(telemetry::SpanStatus::kError, why.message());
}

}  // namespace hal::layers
