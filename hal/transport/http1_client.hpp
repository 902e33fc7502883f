// The client's side of one HTTP/1.1 connection (RFC 9112).
#pragma once

#include <hal/net/stream.hpp>
#include <hal/transport/http_body.hpp>
#include <hal/transport/read_buffer.hpp>
#include <hal/wire/http1.hpp>

#include <memory>
#include <string>

namespace hal::transport {

class PendingIo;

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

  /// The same, but returns when the head of the response is there, its body empty: read() gives
  /// it, and it has no limit.
  Task<Result<HttpResponse>> open(const HttpRequest& request);
  /// open() in two steps, for a request whose body is made while it is sent: `request.body` is not
  /// used, and no piece may take longer than `write_timeout` to be taken in. A server that answers
  /// before all is sent gets no more of it, and the connection is not used again. An error of the
  /// source is the result, and the connection is closed.
  Task<Result<>> send(const HttpRequest& request, const HttpUpload& upload, Duration write_timeout);
  Task<Result<HttpResponse>> receive_head();
  /// As BodyReader::read(), of the response that was opened last.
  Task<Result<std::string>> read();
  /// Has all of the response been read?
  [[nodiscard]] bool complete() const noexcept { return complete_; }

  /// May another request be sent?
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  /// Has a byte of the last exchange's response come in? If not, on a connection that was used
  /// before, the server has most likely closed it before it saw the request.
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  /// False when the server has closed the idle connection, or talks unasked.
  Task<bool> still_open();

 private:
  Result<> write_head(const HttpRequest& request, const wire::http1::Framing& framing);
  Task<Result<>> send_whole(const HttpRequest& request);
  Task<Result<>> send_pieces(const HttpUpload& upload, Duration write_timeout, PendingIo& early);
  Task<Result<HttpResponse>> after(Result<> sent);
  Task<Result<>> receive();
  Result<bool> parse_head();
  Result<> parse_body(std::string& body);
  Task<Result<>> read_more(std::string& body);
  std::unexpected<Status> fail(Status status);

  std::unique_ptr<net::Stream> stream_;
  wire::http1::ResponseParser parser_;
  ReadBuffer buffer_;
  std::string out_;
  bool complete_ = true;
  bool sent_all_ = true;
  bool reusable_ = true;
  bool answered_ = false;
};

}  // namespace hal::transport
