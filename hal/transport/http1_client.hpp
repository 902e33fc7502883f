// The client's side of one HTTP/1.1 connection (RFC 9112).
#pragma once

#include <hal/net/stream.hpp>
#include <hal/transport/http_message.hpp>
#include <hal/transport/read_buffer.hpp>
#include <hal/wire/http1.hpp>

#include <memory>
#include <string>

namespace hal::transport {

/// One exchange after another. Belongs to one loop; not thread-safe.
class Http1Client {
 public:
  /// `limits` bound what a response may cost.
  Http1Client(std::unique_ptr<net::Stream> stream, const wire::http1::Limits& limits);

  /// Sends the request, whose target is in origin form ("/path?query") and whose headers have
  /// Host, and reads the whole response. After an error, a stop for example, the connection is
  /// closed. kInvalidArgument: the request cannot be written, nothing was sent. kUnavailable: the
  /// connection is lost. kInternal: what came is no HTTP response; kResourceExhausted never.
  Task<Result<HttpResponse>> exchange(const HttpRequest& request);

  /// May another request be sent?
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  /// Has a byte of the last exchange's response come in? If not, on a connection that was used
  /// before, the server has most likely closed it before it saw the request.
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  /// False when the server has closed the idle connection, or talks unasked.
  Task<bool> still_open();

 private:
  Task<Result<HttpResponse>> read_response();
  Result<bool> parse(HttpResponse& response);

  std::unique_ptr<net::Stream> stream_;
  wire::http1::ResponseParser parser_;
  ReadBuffer buffer_;
  std::string out_;
  bool reusable_ = true;
  bool answered_ = false;
};

}  // namespace hal::transport
