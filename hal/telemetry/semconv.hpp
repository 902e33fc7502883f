// Names of OpenTelemetry's semantic conventions 1.4x, spelled once.
#pragma once

#include <string_view>

namespace hal::telemetry::semconv {

// Resource.
inline constexpr std::string_view kServiceName = "service.name";
inline constexpr std::string_view kServiceInstanceId = "service.instance.id";
inline constexpr std::string_view kServiceVersion = "service.version";
inline constexpr std::string_view kTelemetrySdkName = "telemetry.sdk.name";
inline constexpr std::string_view kTelemetrySdkLanguage = "telemetry.sdk.language";
inline constexpr std::string_view kTelemetrySdkVersion = "telemetry.sdk.version";

// HTTP (http/http-spans.md). A SERVER span is named "{method} {http.route}", never by its path.
inline constexpr std::string_view kHttpRequestMethod = "http.request.method";
inline constexpr std::string_view kHttpRequestMethodOriginal = "http.request.method_original";
inline constexpr std::string_view kHttpRequestResendCount = "http.request.resend_count";
inline constexpr std::string_view kHttpResponseStatusCode = "http.response.status_code";
inline constexpr std::string_view kHttpRoute = "http.route";
/// A list of texts: the header may come several times.
inline constexpr std::string_view kHttpRequestHeaderXRequestId = "http.request.header.x-request-id";
inline constexpr std::string_view kUrlPath = "url.path";
inline constexpr std::string_view kUrlQuery = "url.query";
inline constexpr std::string_view kUrlScheme = "url.scheme";
/// Without credentials.
inline constexpr std::string_view kUrlFull = "url.full";
inline constexpr std::string_view kUserAgentOriginal = "user_agent.original";
/// The method of a request whose method is none of the known ones; its span is named "HTTP".
inline constexpr std::string_view kHttpMethodOther = "_OTHER";

// RPC (rpc/rpc-spans.md, the names after 1.37). A span is named by its rpc.method.
inline constexpr std::string_view kRpcSystemName = "rpc.system.name";
inline constexpr std::string_view kRpcSystemGrpc = "grpc";
/// "package.Service/Method".
inline constexpr std::string_view kRpcMethod = "rpc.method";
/// The code's name: "OK", "DEADLINE_EXCEEDED".
inline constexpr std::string_view kRpcStatusCode = "rpc.status_code";

// Both.
/// The status code of HTTP, the code's name of RPC, or the kind of failure below them.
inline constexpr std::string_view kErrorType = "error.type";
inline constexpr std::string_view kServerAddress = "server.address";
inline constexpr std::string_view kServerPort = "server.port";
inline constexpr std::string_view kClientAddress = "client.address";
inline constexpr std::string_view kNetworkPeerAddress = "network.peer.address";
inline constexpr std::string_view kNetworkPeerPort = "network.peer.port";
inline constexpr std::string_view kNetworkProtocolVersion = "network.protocol.version";

}  // namespace hal::telemetry::semconv
