#include <hal/http/error.hpp>

#include <hal/http/json_writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hal::http {
namespace {

constexpr ErrorKind kBadRequest{400, "bad request", "请求发生错误"};
constexpr ErrorKind kInvalidParameter{400, "invalid parameter", "无效的请求参数"};
constexpr ErrorKind kInternal{500, "internal error", "服务器错误"};

constexpr std::array kKinds{
    kBadRequest,
    kInvalidParameter,
    ErrorKind{401, "unauthenticated", "无访问权限"},
    ErrorKind{403, "no permission", "无资源的访问权限"},
    ErrorKind{404, "not found", "资源不存在"},
    ErrorKind{405, "method not allowed", "方法不被允许"},
    ErrorKind{408, "the request came too slowly", "请求超时"},
    ErrorKind{409, "conflict", "资源冲突"},
    ErrorKind{413, "the body is too large", "请求体过大"},
    ErrorKind{414, "the URI is too long", "请求地址过长"},
    ErrorKind{415, "unsupported media type", "不支持的媒体类型"},
    ErrorKind{429, "too many requests", "请求过于频繁"},
    ErrorKind{431, "the headers are too large", "请求头过大"},
    kInternal,
    ErrorKind{501, "not implemented", "功能未实现"},
    ErrorKind{503, "service unavailable", "服务不可用"},
    ErrorKind{504, "deadline exceeded", "服务响应超时"},
    ErrorKind{505, "HTTP version not supported", "不支持的HTTP版本"},
};

}  // namespace

std::unexpected<Failure> bad_request(std::string message) {
  return std::unexpected{Failure{400, {Code::kInvalidArgument, std::move(message)}}};
}

std::span<const ErrorKind> error_kinds() noexcept { return kKinds; }

ErrorKind error_kind(int http_status, Code code) noexcept {
  if (http_status == 400 && code == Code::kInvalidArgument) return kInvalidParameter;
  const auto found = std::ranges::find(kKinds, http_status, &ErrorKind::http_status);
  if (found != kKinds.end()) return *found;
  const ErrorKind& words = http_status < 500 ? kBadRequest : kInternal;
  return {http_status, words.english, words.chinese};
}

std::string_view message_for_clients(const ErrorKind& kind, std::string_view message) {
  return kind.http_status < 500 && !message.empty() ? message : kind.english;
}

std::string error_body(const ErrorKind& kind, std::string_view message, Language language) {
  std::string body = fmt::format(R"({{"error":{{"code":{},"message":)", kind.http_status);
  if (language == Language::kChinese) {
    json::append_string(body, kind.chinese);
    if (!message.empty() && message != kind.english) {
      body += R"(,"detail":)";
      json::append_string(body, message);
    }
  } else {
    json::append_string(body, message.empty() ? kind.english : message);
  }
  return body + "}}";
}

void set_error(Response& response, const ErrorKind& kind, std::string_view message,
               Language language) {
  response.status = kind.http_status;
  response.headers.set("content-type", "application/json");
  if (language == Language::kChinese) response.headers.set("content-language", "zh-CN");
  response.body = error_body(kind, message, language);
}

}  // namespace hal::http
