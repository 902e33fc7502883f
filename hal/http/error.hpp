// Errors as clients of the HTTP edge see them: {"error":{"code":404,"message":"..."}}.
#pragma once

#include <hal/base/status.hpp>
#include <hal/http/language.hpp>
#include <hal/http/message.hpp>

#include <expected>
#include <span>
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

/// One kind of failure, as clients know it. Its number in the envelope is the HTTP status.
struct ErrorKind {
  int http_status = 500;
  std::string_view english{};
  std::string_view chinese{};
};

/// The table of all kinds, by HTTP status; 400 has two: a bad request, an invalid parameter.
[[nodiscard]] std::span<const ErrorKind> error_kinds() noexcept;

/// The kind of this status: of a 400, an invalid parameter if `code` is INVALID_ARGUMENT. A status
/// that the table lacks has the words of 400 or 500.
[[nodiscard]] ErrorKind error_kind(int http_status, Code code = Code::kUnknown) noexcept;

/// What a client is told: the message of its own mistakes (4xx), and no more than the kind of ours
/// (5xx), whose texts may name hosts, files and services behind the edge. Lives as `message` does.
[[nodiscard]] std::string_view message_for_clients(const ErrorKind& kind, std::string_view message);

/// The body of an error, with a message that clients may read; without one, the kind's words.
///   English: {"error":{"code":404,"message":"no such user"}}
///   Chinese: {"error":{"code":404,"message":"资源不存在","detail":"no such user"}}
[[nodiscard]] std::string error_body(const ErrorKind& kind, std::string_view message,
                                     Language language = Language::kEnglish);

/// Makes `response` this error; headers that are not of the body stay.
void set_error(Response& response, const ErrorKind& kind, std::string_view message,
               Language language = Language::kEnglish);

}  // namespace hal::http
