// HttpPost: all that an exporter needs of HTTP. http_client_post.hpp is the real one.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>

#include <string>

namespace hal::exporter {

struct HttpReply {
  int status = 0;
  Headers headers{};
  std::string body{};
};

/// Used by one loop: not thread-safe.
class HttpPost {
 public:
  virtual ~HttpPost() = default;
  /// Sends the request within the Context's deadline. Any answer is a reply, whatever its status;
  /// an error says why there is none. `url` and `headers` live until the Task ends.
  virtual Task<Result<HttpReply>> post(const std::string& url, const Headers& headers,
                                       std::string body) = 0;
};

}  // namespace hal::exporter
