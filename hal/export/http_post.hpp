// HttpPost: all that an exporter needs of HTTP.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>
#include <hal/net/tls.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace hal::net {
class Network;
}  // namespace hal::net

namespace hal::exporter {

struct HttpReply {
  int status = 0;
  Headers headers{};
  std::string body{};
};

/// Shared by the exporters of all workers: post() is thread-safe.
class HttpPost {
 public:
  virtual ~HttpPost() = default;
  /// Sends the request within the Context's deadline. Any answer is a reply, whatever its status;
  /// an error says why there is none. `url` and `headers` live until the Task ends.
  virtual Task<Result<HttpReply>> post(const std::string& url, const Headers& headers,
                                       std::string body) = 0;
};

enum class Compression : std::uint8_t { kNone, kGzip };

struct HttpPostOptions {
  /// Of requests' bodies (OTEL_EXPORTER_OTLP_COMPRESSION). Gzip spares the network and costs time
  /// on the worker's loop.
  Compression compression = Compression::kNone;
  /// For https (OTEL_EXPORTER_OTLP_CERTIFICATE and the client's own).
  net::TlsClientOptions tls{};
};

/// HTTP/1.1 on one kept connection per worker. Nothing is put around a request: the exporter's
/// headers are all there are, and Content-Encoding with compression. `network` must outlive it;
/// `workers` as for transport::Http1Pool. INVALID_ARGUMENT for a URL that is none, or TLS options
/// that are wrong.
[[nodiscard]] std::shared_ptr<HttpPost> make_http_post(net::Network& network, std::size_t workers,
                                                       HttpPostOptions options = {});

}  // namespace hal::exporter
