#include <hal/http/error.hpp>

#include <hal/http/json_writer.hpp>

#include <fmt/format.h>

namespace hal::http {

std::unexpected<Failure> bad_request(std::string message) {
  return std::unexpected{Failure{400, {Code::kInvalidArgument, std::move(message)}}};
}

std::string_view message_for_clients(int http_status, std::string_view message) {
  if (http_status < 500) return message;
  switch (http_status) {
    case 501:
      return "not implemented";
    case 503:
      return "service unavailable";
    case 504:
      return "deadline exceeded";
    default:
      return "internal error";
  }
}

std::string error_body(int http_status, std::string_view message) {
  std::string body = fmt::format(R"({{"error":{{"code":{},"message":)", http_status);
  json::append_string(body, message);
  return body + "}}";
}

void set_error(Response& response, int http_status, std::string_view message) {
  response.status = http_status;
  response.headers.set("content-type", "application/json");
  response.body = error_body(http_status, message);
}

}  // namespace hal::http
