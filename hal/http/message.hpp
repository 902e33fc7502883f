// Requests and responses as handlers and clients see them.
#pragma once

#include <hal/base/headers.hpp>
#include <hal/transport/http_body.hpp>

#include <string>
#include <string_view>

namespace hal::http {

/// The request being handled: views of it, valid until its handler has ended.
struct Request {
  std::string_view method{};
  /// Still encoded; begins with '/' ("*" for OPTIONS *).
  std::string_view path{};
  /// Still encoded, without '?'.
  std::string_view query{};
  const Headers& headers;
  const std::string& body;
};

/// Status, headers, whole body. Content-Length, Connection and Date are written by the server.
using Response = transport::HttpResponse;

/// What a client sends.
struct ClientRequest {
  std::string method = "GET";
  /// "http://host:port/path?query"
  std::string url{};
  Headers headers{};
  std::string body{};
  /// Instead of `body`: read piece by piece while the request is sent. Must live until the request
  /// has returned.
  transport::BodyReader* upload = nullptr;
  /// Of the upload, as Content-Length; without it the body is chunked.
  std::optional<std::uint64_t> upload_length{};
};

}  // namespace hal::http
