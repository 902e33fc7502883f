#include <hal/rpc/go_micro.hpp>

#include <hal/base/ascii.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace hal::rpc::go_micro {
namespace {

namespace json = boost::json;

constexpr std::string_view kContentType = "x-content-type";
constexpr std::string_view kTimeout = "timeout";

/// The keys of server/grpc/codec.go's map.
constexpr std::array<std::string_view, 9> kCodecs{
    "application/grpc",       "application/grpc+json",    "application/grpc+proto",
    "application/grpc+bytes", "application/json",         "application/proto",
    "application/protobuf",   "application/octet-stream", "application/octetstream"};

struct HttpCode {
  Code code;
  int http;
  std::string_view phrase;  ///< net/http's StatusText
};
/// server/grpc/server.go's microError and its inverse. 408 is go-micro's own time-out, which it may
/// send again; so it does with 500.
constexpr std::array kCodes{
    HttpCode{Code::kInvalidArgument, 400, "Bad Request"},
    HttpCode{Code::kOutOfRange, 400, "Bad Request"},
    HttpCode{Code::kUnauthenticated, 401, "Unauthorized"},
    HttpCode{Code::kPermissionDenied, 403, "Forbidden"},
    HttpCode{Code::kNotFound, 404, "Not Found"},
    HttpCode{Code::kDeadlineExceeded, 408, "Request Timeout"},
    HttpCode{Code::kAlreadyExists, 409, "Conflict"},
    HttpCode{Code::kAborted, 409, "Conflict"},
    HttpCode{Code::kFailedPrecondition, 412, "Precondition Failed"},
    HttpCode{Code::kResourceExhausted, 429, "Too Many Requests"},
    HttpCode{Code::kInternal, 500, "Internal Server Error"},
    HttpCode{Code::kUnimplemented, 501, "Not Implemented"},
    HttpCode{Code::kUnavailable, 503, "Service Unavailable"},
};

const HttpCode& http_of(Code code) {
  const auto found = std::ranges::find(kCodes, code, &HttpCode::code);
  return found != kCodes.end() ? *found : *std::ranges::find(kCodes, 500, &HttpCode::http);
}

/// A text of a go-micro error; null for any other value.
const json::string* text_of(const json::object& object, std::string_view key) {
  const auto* const value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_string();
}

}  // namespace

bool is_caller(const Headers& request) {
  return request.contains(kContentType) &&
         request.get("content-type").value_or("").starts_with("application/grpc+");
}

std::optional<Duration> timeout_of(const Headers& request) {
  const auto text = request.get(kTimeout);
  const auto nanoseconds = text ? parse_int<std::uint64_t>(*text) : std::nullopt;
  if (!nanoseconds) return std::nullopt;
  constexpr auto kLongest =
      static_cast<std::uint64_t>(std::chrono::nanoseconds{Duration::max()}.count());
  return std::chrono::nanoseconds{std::min(*nanoseconds, kLongest)};
}

Result<> check_content_type(const Headers& request) {
  const auto type = request.get(kContentType).value_or("");
  if (std::ranges::find(kCodecs, type) != kCodecs.end()) return {};
  return error(Code::kUnknown, fmt::format("there is no codec for x-content-type '{}'", type));
}

Status to_micro(const Status& status, std::string_view service) {
  if (status.ok()) return status;
  const auto& http = http_of(status.code());
  return {status.code(), json::serialize(json::object{{"id", service},
                                                      {"code", http.http},
                                                      {"detail", status.message()},
                                                      {"status", http.phrase}})};
}

Status from_micro(Status status) {
  if (!status.message().starts_with('{')) return status;
  json::error_code failure;
  const json::value value = json::parse(status.message(), failure);
  const auto* const object = failure ? nullptr : value.if_object();
  if (object == nullptr || object->size() != 4 || text_of(*object, "id") == nullptr ||
      text_of(*object, "status") == nullptr) {
    return status;
  }
  const auto* const detail = text_of(*object, "detail");
  const auto* const http = object->if_contains("code");
  if (detail == nullptr || http == nullptr || !http->is_int64() || http->get_int64() <= 0) {
    return status;
  }
  Code code = status.code();
  if (code == Code::kUnknown) {
    const auto known = std::ranges::find(kCodes, http->get_int64(), &HttpCode::http);
    if (known != kCodes.end()) code = known->code;
  }
  return {code, std::string{std::string_view{*detail}}};
}

bool is_server(const service::Node& node) {
  const auto server = node.metadata.find("server");
  return server != node.metadata.end() && server->second == "grpc" &&
         !node.metadata.contains("hal");
}

void add_headers(Headers& request, Codec codec, std::optional<Duration> left) {
  const std::string_view type =
      codec == Codec::kJson ? content_type_of(codec) : "application/grpc+proto";
  request.set("content-type", type);
  request.set(kContentType, type);
  request.remove(kTimeout);
  if (!left) return;
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(*left).count();
  request.add(kTimeout, fmt::format("{}", std::max<std::int64_t>(nanoseconds, 0)));
}

void remove_headers(Headers& request, Codec codec) {
  request.set("content-type", content_type_of(codec));
  request.remove(kContentType);
  request.remove(kTimeout);
}

}  // namespace hal::rpc::go_micro
