// Client: HTTP/1.1 requests with the host's layers around them.
#pragma once

#include <hal/http/message.hpp>
#include <hal/service/call_end.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/http1_pool.hpp>

#include <optional>

namespace hal::http {

struct ClientOptions {
  /// Timeouts of each phase and limits of responses; the Context's deadline holds as well.
  transport::Http1PoolOptions pool{};
  /// For https: servers are verified against the system's CAs unless this says something else. A
  /// mistake in it is an error of each https request.
  net::TlsClientOptions tls{};
  /// Offer gzip, unless a request has an Accept-Encoding or Range of its own, and decode whole
  /// responses, whose content is bounded by pool.limits.body_bytes. Streams come as they are.
  bool gzip = true;
};

/// A response whose body is still coming. Destroyed before its end it closes the connection. Used
/// and destroyed on the worker that opened it; the client must outlive it.
class ResponseStream {
 public:
  ResponseStream(transport::Http1Stream stream, service::CallEnd end) noexcept
      : stream_{std::move(stream)}, end_{std::move(end)} {}

  [[nodiscard]] int status() const noexcept { return stream_.head().status; }
  [[nodiscard]] const Headers& headers() const noexcept { return stream_.head().headers; }
  /// The next piece, as it comes; empty at the end. UNAVAILABLE: the connection was lost before.
  /// DEADLINE_EXCEEDED: nothing came for Http1PoolOptions::stream_idle_timeout. No other limit:
  /// a watch may go on for as long as the Context's deadline lets it.
  Task<Result<std::string>> read();
  /// The next line without its end ("\n" or "\r\n"), nullopt at the end of the body; what stands
  /// behind the last end of line is a line too. RESOURCE_EXHAUSTED beyond `size_max` bytes. Not to
  /// be mixed with read().
  Task<Result<std::optional<std::string>>> read_line(std::size_t size_max = 1024 * 1024);

 private:
  transport::Http1Stream stream_;
  service::CallEnd end_;
  std::string buffered_;
  std::size_t searched_ = 0;  // bytes of it without an end of line
};

/// Keeps connections per worker. Thread-safe as long as it is used on workers' loops; must outlive
/// its requests. A response of any status is a Response; redirects are not followed.
class Client {
 public:
  /// With the host's client layers, so that requests carry the trace. `host` must outlive it.
  explicit Client(service::Host& host, ClientOptions options = {});
  /// With these layers, for calls that are no part of a trace. `workers`: how many use it.
  Client(net::Network& network, std::size_t workers, service::Layers layers,
         ClientOptions options = {});

  /// A GET; errors as of request().
  Task<Result<Response>> get(std::string url, Headers headers = {});
  /// A POST; give Content-Type with the headers. Errors as of request().
  Task<Result<Response>> post(std::string url, std::string body, Headers headers = {});
  /// INVALID_ARGUMENT: a malformed URL, method or header, or TLS options. UNAVAILABLE: no
  /// connection, or lost before the response was complete. DEADLINE_EXCEEDED, CANCELLED: as it
  /// says. INTERNAL: what came is no HTTP or over a limit. Host and User-Agent are added unless
  /// the headers have them.
  Task<Result<Response>> request(ClientRequest request);
  /// The same, but returns when the head of the response is there; the layers have run by then. The
  /// call's span ends with the body, or with the ResponseStream.
  Task<Result<ResponseStream>> open(ClientRequest request);

 private:
  struct Sent;
  Task<Result<Sent>> send(ClientRequest request, bool whole);
  Result<> decode(Response& response) const;

  service::Layers layers_;
  /// Of responses to uploads, and of what gzip makes of one: others are bounded by the pool.
  std::uint64_t body_bytes_max_;
  bool gzip_;
  transport::Http1Pool pool_;
};

}  // namespace hal::http
