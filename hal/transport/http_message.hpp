// HTTP messages with their whole bodies, whichever version carried them.
#pragma once

#include <hal/base/headers.hpp>

#include <string>

namespace hal::transport {

struct HttpRequest {
  std::string method = "GET";
  /// Server: as the client sent it, still encoded: "/path?query". Client: an absolute URL.
  std::string target = "/";
  Headers headers{};
  std::string body{};
};

/// Content-Length and Connection are written by the transport, whatever the headers say.
struct HttpResponse {
  int status = 200;
  Headers headers{};
  std::string body{};
};

}  // namespace hal::transport
