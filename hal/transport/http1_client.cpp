#include <hal/transport/http1_client.hpp>

#include <hal/async/or_return.hpp>
#include <hal/transport/pending_io.hpp>

#include <algorithm>

namespace hal::transport {
namespace {

constexpr std::size_t kReadBytes = 4 * 1024;
/// A claimed length is no reason to take memory: beyond this the body grows as it comes.
constexpr std::uint64_t kReservedMax = 64 * 1024;

/// A request without a body says so only where a body would be expected (RFC 9110 8.6).
bool says_length(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

}  // namespace

Http1Client::Http1Client(std::unique_ptr<net::Stream> stream, const wire::http1::Limits& limits)
    : stream_{std::move(stream)},
      parser_{limits},
      buffer_{kReadBytes, kReadBytes + limits.header_bytes} {}

Task<Result<HttpResponse>> Http1Client::exchange(const HttpRequest& request) {
  expects(reusable_, "a request goes out on a connection that may be used again");
  reusable_ = false;
  answered_ = false;
  out_.clear();
  wire::http1::Framing framing{};
  if (says_length(request)) framing.content_length = request.body.size();
  co_await or_return(wire::http1::write_request_head(request.method, request.target,
                                                     request.headers, framing, out_));
  out_.append(request.body);
  parser_.reset();
  if (request.method == "HEAD") parser_.expect_no_body();
  const auto written = co_await stream_->write_all(out_);
  if (out_.capacity() > kReservedMax) out_ = {};
  // A server may refuse a request before it has read all of it: what it says comes first.
  if (!written && written.error().code() != Code::kUnavailable) co_return error(written.error());
  auto response = co_await read_response();
  if (!response || !written) {
    reusable_ = false;
    stream_->close();
    if (!response && !written) co_return error(written.error());
  }
  co_return response;
}

Task<Result<HttpResponse>> Http1Client::read_response() {
  HttpResponse response;
  while (!co_await or_return(parse(response))) {
    const auto room = buffer_.writable();
    const std::size_t bytes = co_await or_return(co_await stream_->read_some(room));
    if (bytes > 0) {
      answered_ = true;
      buffer_.commit(bytes);
      continue;
    }
    if (!parser_.started()) {
      co_return error(Code::kUnavailable,
                      net::to_string(stream_->peer()) + " closed the connection without an answer");
    }
    co_await or_return(parser_.finish());
    reusable_ = false;
    response.status = parser_.head().status;
    response.headers = std::move(parser_.head().headers);
    co_return response;
  }
  co_return response;
}

/// True when the response is complete.
Result<bool> Http1Client::parse(HttpResponse& response) {
  using wire::http1::Event;
  for (;;) {
    const auto step = parser_.step(buffer_.unread());
    if (!step) return error(step.error().status);
    buffer_.consume(step->consumed);
    switch (step->event) {
      case Event::kNeedMore:
        return false;
      case Event::kHead:
        response.body.reserve(std::min(parser_.head().content_length.value_or(0), kReservedMax));
        break;
      case Event::kBody:
        response.body.append(step->body);
        break;
      case Event::kEnd:
        response.status = parser_.head().status;
        response.headers = std::move(parser_.head().headers);
        // Bytes behind the response belong to no request.
        reusable_ = parser_.head().keep_alive && buffer_.empty();
        return true;
    }
  }
}

Task<bool> Http1Client::still_open() {
  if (!reusable_) co_return false;
  PendingIo probe{*stream_};
  probe.read(buffer_.writable());
  // Nothing has come: an open connection's read has to be called off.
  while (probe.running()) {
    probe.cancel();
    co_await probe.wait();
  }
  const auto result = probe.take();
  reusable_ = !result && result.error().code() == Code::kCancelled;
  co_return reusable_;
}

}  // namespace hal::transport
