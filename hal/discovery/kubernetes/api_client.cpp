#include <hal/discovery/kubernetes/api_client.hpp>

#include <hal/async/or_return.hpp>
#include <hal/base/ascii.hpp>
#include <hal/service/layers/trace/trace.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;

/// Of an error's body: it holds a message.
constexpr std::size_t kErrorBytesMax = 64 * 1024;

http::ClientOptions client_options(const ApiAccess& access) {
  http::ClientOptions options{.tls = access.tls, .gzip = false};
  options.pool.limits.body_bytes = 1024 * 1024;  // a patched pod comes back whole
  // The server sends a bookmark about once a minute: this long without one is a dead connection.
  options.pool.stream_idle_timeout = std::chrono::seconds{150};
  return options;
}

/// The message of a Status object (api-conventions.md, "Response Status Kind").
std::string message_of(std::string_view body) {
  json::error_code failure;
  const json::value value = json::parse(body, failure);
  const auto* const object = failure ? nullptr : value.if_object();
  const auto* const message = object == nullptr ? nullptr : object->if_contains("message");
  if (message == nullptr || !message->is_string()) return {};
  return std::string{std::string_view{message->get_string()}};
}

Code code_of(int http_status) {
  switch (http_status) {
    case 400:
    case 415:
    case 422:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kAborted;
    case 410:
      return Code::kOutOfRange;
    case 429:
      return Code::kResourceExhausted;
    case 504:
      return Code::kDeadlineExceeded;
    default:
      return http_status >= 500 ? Code::kUnavailable : Code::kUnknown;
  }
}

Duration retry_after(const Headers& headers) {
  const auto seconds = parse_int<std::uint32_t>(headers.get("retry-after").value_or(""));
  return std::min<Duration>(std::chrono::seconds{seconds.value_or(0)}, kRetryAfterMax);
}

Task<std::string> read_error(http::ResponseStream* response) {
  std::string body;
  while (body.size() < kErrorBytesMax) {
    const auto piece = co_await response->read();
    if (!piece || piece->empty()) break;
    body += *piece;
  }
  co_return body;
}

}  // namespace

Status status_of(const ApiRequest& request, int http_status, std::string_view message) {
  const Code code = code_of(http_status);
  const auto what =
      fmt::format("{} {} in namespace {}", request.verb, request.resource, request.ns);
  const auto told = message.empty() ? fmt::format("HTTP {}", http_status)
                                    : fmt::format("HTTP {}, {}", http_status, message);
  if (code == Code::kPermissionDenied) {
    return {code,
            fmt::format("not allowed to {}; a Role has to give the verb \"{}\" on \"{}\" ({})",
                        what, request.verb, request.resource, told)};
  }
  if (code == Code::kUnauthenticated) {
    return {code, fmt::format("cannot {}: the API server does not know who asks ({})", what, told)};
  }
  return {code, fmt::format("cannot {}: {}", what, told)};
}

ApiClient::ApiClient(net::Network& network, std::size_t workers, const ApiAccess& access)
    : server_{access.server},
      token_{access.token},
      client_{
          network, workers, {std::make_shared<layers::UntracedCall>()}, client_options(access)} {}

Result<Headers> ApiClient::headers() const {
  Headers headers{{"accept", "application/json"}};
  const auto token = token_.read();
  if (!token) return error(token.error());
  if (!token->empty()) headers.add("authorization", "Bearer " + *token);
  return headers;
}

Status ApiClient::refused(const ApiRequest& request, int http_status, const Headers& headers,
                          std::string_view body) {
  std::string message = message_of(body);
  Status status = status_of(request, http_status, message);
  if (request.refusal != nullptr) {
    *request.refusal = {.http_status = http_status,
                        .message = std::move(message),
                        .retry_after = retry_after(headers)};
  }
  return status;
}

Task<Result<http::ResponseStream>> ApiClient::open(ApiRequest request) {
  Headers sent = co_await or_return(headers());
  auto response =
      co_await or_return(client_.open({.url = server_ + request.path, .headers = std::move(sent)}));
  if (response.status() == 200) co_return response;
  const std::string body = co_await read_error(&response);
  co_return error(refused(request, response.status(), response.headers(), body));
}

Task<Result<>> ApiClient::patch(ApiRequest request, std::string body) {
  Headers sent = co_await or_return(headers());
  sent.add("content-type", "application/strategic-merge-patch+json");
  const auto response = co_await or_return(client_.request({.method = "PATCH",
                                                            .url = server_ + request.path,
                                                            .headers = std::move(sent),
                                                            .body = std::move(body)}));
  if (response.status == 200) co_return Result<>{};
  co_return error(refused(request, response.status, response.headers, response.body));
}

}  // namespace hal::discovery::kubernetes
