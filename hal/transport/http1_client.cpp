#include <hal/transport/http1_client.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>
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
  auto response = co_await or_return(after(co_await send_whole(request)));
  response.body.reserve(std::min(parser_.head().content_length.value_or(0), kReservedMax));
  while (!complete_) co_await or_return(read_more(response.body));
  co_return response;
}

Task<Result<HttpResponse>> Http1Client::open(const HttpRequest& request) {
  const auto sent = co_await send_whole(request);
  parser_.allow_any_body();
  co_return co_await after(sent);
}

Result<> Http1Client::write_head(const HttpRequest& request, const wire::http1::Framing& framing) {
  expects(reusable_, "a request goes out on a connection that may be used again");
  reusable_ = false;
  answered_ = false;
  out_.clear();
  parser_.reset();
  if (request.method == "HEAD") parser_.expect_no_body();
  return wire::http1::write_request_head(request.method, request.target, request.headers, framing,
                                         out_);
}

Task<Result<>> Http1Client::send_whole(const HttpRequest& request) {
  wire::http1::Framing framing{};
  if (says_length(request)) framing.content_length = request.body.size();
  co_await or_return(write_head(request, framing));
  complete_ = false;
  out_.append(request.body);
  auto written = co_await stream_->write_all(out_);
  sent_all_ = written.has_value();
  if (out_.capacity() > kReservedMax) out_ = {};
  co_return written;
}

/// A server may refuse a request before it has read all of it: what it says comes first.
Task<Result<HttpResponse>> Http1Client::after(Result<> sent) {
  if (!sent && (complete_ || sent.error().code() != Code::kUnavailable)) {
    co_return fail(sent.error());
  }
  auto response = co_await receive_head();
  if (response || sent) co_return response;
  co_return error(sent.error());
}

Task<Result<>> Http1Client::send(const HttpRequest& request, const HttpUpload& upload,
                                 Duration write_timeout) {
  const wire::http1::Framing framing{.content_length = upload.length, .chunked = !upload.length};
  co_await or_return(write_head(request, framing));
  parser_.allow_any_body();
  complete_ = false;
  sent_all_ = false;
  // An answer that comes before the end of the body ends it.
  PendingIo early{*stream_};
  early.read(buffer_.writable());
  Result<> sent;
  bool threw = false;
  const auto& promise = co_await hal::detail::this_promise();
  try {
    sent = co_await send_pieces(upload, write_timeout, early);
  } catch (...) {
    // The source is its user's, and may throw while `early` is reading.
    promise.enter();
    sent = error(status_of_current_exception());
    threw = true;
  }
  while (early.running()) {
    early.cancel();
    co_await early.wait();
  }
  if (threw) co_return fail(sent.error());
  if (const auto bytes = early.take(); bytes && *bytes > 0) {
    answered_ = true;
    buffer_.commit(*bytes);
    co_return Result<>{};
  }
  if (!sent && sent.error().code() != Code::kUnavailable) co_return fail(sent.error());
  co_return Result<>{};
}

Task<Result<>> Http1Client::send_pieces(const HttpUpload& upload, Duration write_timeout,
                                        PendingIo& early) {
  // As a coroutine of its own it can be stopped by a timeout.
  constexpr auto kWrite = [](net::Stream* stream, std::string_view bytes) -> Task<Result<>> {
    co_return co_await stream->write_all(bytes);
  };
  std::uint64_t left = upload.length.value_or(0);
  for (bool last = false; !last && early.running();) {
    const auto piece = co_await or_return(upload.source.read());
    last = piece.empty();
    if (!upload.length) {
      last ? wire::http1::write_last_chunk(out_) : wire::http1::write_chunk(piece, out_);
    } else if (piece.size() > left || (last && left > 0)) {
      co_return error(Code::kInvalidArgument, "the request's body has not the length it was given");
    } else {
      left -= piece.size();
      out_.append(piece);
    }
    co_await or_return(timeout(write_timeout, kWrite(stream_.get(), out_)));
    out_.clear();
    if (last) sent_all_ = true;
  }
  co_return Result<>{};
}

Task<Result<HttpResponse>> Http1Client::receive_head() {
  for (;;) {
    const auto done = parse_head();
    if (!done) co_return fail(done.error());
    if (*done) break;
    co_await or_return(receive());
  }
  co_return HttpResponse{.status = parser_.head().status,
                         .headers = std::move(parser_.head().headers)};
}

Task<Result<std::string>> Http1Client::read() {
  std::string piece;
  while (piece.empty() && !complete_) co_await or_return(read_more(piece));
  co_return piece;
}

/// Adds what is there, and if that is nothing what comes next.
Task<Result<>> Http1Client::read_more(std::string& body) {
  const std::size_t before = body.size();
  if (auto parsed = parse_body(body); !parsed) co_return fail(parsed.error());
  if (complete_ || body.size() > before) co_return Result<>{};
  co_return co_await receive();
}

/// One read. When the server has closed, that ends the body or is an error.
Task<Result<>> Http1Client::receive() {
  auto bytes = co_await stream_->read_some(buffer_.writable());
  if (!bytes) co_return fail(std::move(bytes.error()));
  if (*bytes > 0) {
    answered_ = true;
    buffer_.commit(*bytes);
    co_return Result<>{};
  }
  if (!parser_.started()) {
    co_return fail({Code::kUnavailable,
                    net::to_string(stream_->peer()) + " closed the connection without an answer"});
  }
  if (auto finished = parser_.finish(); !finished) co_return fail(std::move(finished.error()));
  complete_ = true;
  co_return Result<>{};
}

std::unexpected<Status> Http1Client::fail(Status status) {
  reusable_ = false;
  stream_->close();
  return error(std::move(status));
}

/// True when the head is complete.
Result<bool> Http1Client::parse_head() {
  const auto step = parser_.step(buffer_.unread());
  if (!step) return error(step.error().status);
  buffer_.consume(step->consumed);
  return step->event == wire::http1::Event::kHead;
}

Result<> Http1Client::parse_body(std::string& body) {
  using wire::http1::Event;
  for (;;) {
    const auto step = parser_.step(buffer_.unread());
    if (!step) return error(step.error().status);
    body.append(step->body);
    buffer_.consume(step->consumed);
    if (step->event == Event::kNeedMore) return {};
    if (step->event != Event::kEnd) continue;
    complete_ = true;
    // Bytes behind the response belong to no request.
    reusable_ = parser_.head().keep_alive && sent_all_ && buffer_.empty();
    return {};
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
