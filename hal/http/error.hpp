// Errors as clients of the HTTP edge see them: {"error":{"code":404,"message":"..."}}.
#pragma once

#include <hal/base/status.hpp>
#include <hal/http/message.hpp>

#include <expected>
#include <string>
#include <string_view>

namespace hal::http {

/// A failure whose HTTP status is not the one of its code: 405, 415.
struct Failure {
  int http_status = 500;
  Status status{};
};

/// A value, or the Failure that says why there is none.
template <class T>
using Expected = std::expected<T, Failure>;

/// 400: the request does not say what the handler needs.
[[nodiscard]] std::unexpected<Failure> bad_request(std::string message);

/// What a client is told: the message of its own mistakes (4xx), and no more than the kind of ours
/// (5xx), whose texts may name hosts, files and services behind the edge. Lives as `message` does.
[[nodiscard]] std::string_view message_for_clients(int http_status, std::string_view message);

/// The body of an error: {"error":{"code":<http_status>,"message":"<message>"}}.
[[nodiscard]] std::string error_body(int http_status, std::string_view message);

/// Makes `response` this error; headers other than Content-Type stay.
void set_error(Response& response, int http_status, std::string_view message);

}  // namespace hal::http
