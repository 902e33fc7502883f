// Bodies as streams: what the handler reads of its request, and what it writes as its answer.
#include <hal/transport/http1_session.hpp>

#include <hal/async/or_return.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/transport/http_date.hpp>

#include <fmt/format.h>

namespace hal::transport::detail {

Task<Result<std::string>> Http1Session::read() {
  std::string piece;
  for (;;) {
    co_await or_return(parse_body(piece));
    if (!piece.empty() || body_ != Body::kStream) break;
    co_await or_return(co_await or_stopped());
    if (peer_closed_) {
      co_return error(Code::kUnavailable, "the client has gone in the middle of its request");
    }
    if (std::exchange(continue_due_, false) && !started()) wire::http1::write_continue(out_);
    if (!out_.empty()) co_await flush();
    co_await receive_body();
  }
  // A client that closes is seen while the handler works on the piece; one that only says that the
  // request was its last gets its answer.
  if (body_ == Body::kStream) {
    watch();
  } else if (!read_.running() && !read_.has_result() && buffer_.empty()) {
    read_.read(buffer_.writable());
  }
  co_return piece;
}

/// Adds what has come. A stream that is complete is a whole body from then on.
Result<> Http1Session::parse_body(std::string& piece) {
  using wire::http1::Event;
  while (body_ == Body::kStream) {
    if (body_failure_) return error(body_failure_->status);
    const auto step = parser_.step(buffer_.unread());
    if (!step) return fail_body(step.error().http_status, step.error().status);
    piece.append(step->body);
    body_bytes_ += step->body.size();
    buffer_.consume(step->consumed);
    if (body_bytes_ > options_.stream_body_bytes) {
      return fail_body(
          413, {Code::kResourceExhausted,
                fmt::format("the body is over the limit of {} bytes", options_.stream_body_bytes)});
    }
    if (step->event == Event::kEnd) on_end();
    if (step->event == Event::kNeedMore) break;
  }
  return {};
}

Result<> Http1Session::fail_body(int http_status, Status status) {
  body_failure_ = {.http_status = http_status, .status = std::move(status)};
  return error(body_failure_->status);
}

Task<> Http1Session::receive_body() {
  if (!read_.running() && !read_.has_result()) read_.read(buffer_.writable());
  if (read_.running()) {
    enter(Phase::kBody);
    co_await read_.wait();
    clear();
    phase_ = Phase::kHandler;
  }
  const auto bytes = read_.take();
  if (bytes && *bytes > 0) {
    buffer_.commit(*bytes);
  } else if (timed_out_) {
    (void)fail_body(408, {Code::kDeadlineExceeded, "the body of the request came too slowly"});
  } else if (bytes || bytes.error().code() != Code::kCancelled) {
    peer_closed_ = true;
    stop_->request({Code::kCancelled, "the client has closed the connection"});
  }
  timed_out_ = false;
}

bool Http1Session::can_drop_rest() const {
  // A client that was never told to go on may send its body or not (RFC 9110 10.1.1).
  if (continue_due_ || body_failure_) return false;
  const auto& length = parser_.head().content_length;
  return !length || *length - body_bytes_ <= options_.unread_body_bytes;
}

Http1Session::Progress Http1Session::drop_body(std::size_t bytes) {
  dropped_bytes_ += bytes;
  if (dropped_bytes_ <= options_.unread_body_bytes) return Progress::kNeedMore;
  ending_ = true;
  lingers_ = true;
  return Progress::kEnding;
}

Task<Result<>> Http1Session::start(std::optional<std::uint64_t> length) {
  expects(!started(), "a response is started once");
  co_await or_return(append_stream_head(length));
  co_return co_await flush_stream();
}

Task<Result<>> Http1Session::write(std::string_view bytes) {
  co_await or_return(co_await or_stopped());
  if (!started()) co_await or_return(append_stream_head(std::nullopt));
  if (abandoned_ || ending_) {
    co_return error(Code::kUnavailable, "the response has been given up");
  }
  switch (stream_kind_) {
    case Stream::kNone:
    case Stream::kDropped:
      break;
    case Stream::kChunked:
      wire::http1::write_chunk(bytes, out_);
      break;
    case Stream::kLength:
      if (bytes.size() > stream_left_) {
        abandon();
        co_return error(Code::kInvalidArgument, "the response is longer than its Content-Length");
      }
      stream_left_ -= bytes.size();
      [[fallthrough]];
    case Stream::kUntilClose:
      out_.append(bytes);
      break;
  }
  co_return co_await flush_stream();
}

Result<> Http1Session::append_stream_head(std::optional<std::uint64_t> length) {
  const int status = response_.status;
  if (status < 200) return error(Code::kInvalidArgument, "the status is none of a final response");
  if (!response_.headers.contains("date")) response_.headers.add("date", http_date_now());
  const bool bodiless = status == 204 || status == 304;
  auto kind = length ? Stream::kLength : request_http11_ ? Stream::kChunked : Stream::kUntilClose;
  wire::http1::Framing framing{.peer_http11 = request_http11_};
  framing.keep_alive = keeps_alive() && (bodiless || kind != Stream::kUntilClose);
  if (!bodiless) framing.content_length = length;
  framing.chunked = !bodiless && kind == Stream::kChunked;
  if (bodiless || request_is_head_) kind = Stream::kDropped;
  if (auto written = wire::http1::write_response_head(status, response_.headers, framing, out_);
      !written) {
    return written;
  }
  stream_kind_ = kind;
  stream_left_ = length.value_or(0);
  stream_keeps_alive_ = framing.keep_alive;
  continue_due_ = false;
  return {};
}

Task<Result<>> Http1Session::flush_stream() {
  co_await flush();
  if (!ending_) co_return Result<>{};
  co_await or_return(co_await or_stopped());
  co_return error(Code::kUnavailable, "the client has closed the connection");
}

void Http1Session::abandon() noexcept {
  if (stream_kind_ != Stream::kDropped) abandoned_ = true;
}

void Http1Session::end_stream() {
  const auto kind = std::exchange(stream_kind_, Stream::kNone);
  if (kind == Stream::kLength && stream_left_ > 0 && !abandoned_) {
    log::error("a response ends {} bytes before its Content-Length", stream_left_);
    abandoned_ = true;
  }
  if (std::exchange(abandoned_, false)) {
    ending_ = true;
    // Only a reset tells the end of such a body from its being cut.
    if (kind == Stream::kUntilClose) stream_.abort();
    return;
  }
  if (kind == Stream::kChunked && !ending_) wire::http1::write_last_chunk(out_);
  const bool can_go_on = body_ == Body::kWhole || can_drop_rest();
  if (!stream_keeps_alive_ || !can_go_on) {
    ending_ = true;
    lingers_ = !buffer_.empty() || body_ != Body::kWhole;
  } else if (body_ == Body::kStream) {
    body_ = Body::kLeft;
    dropped_bytes_ = 0;
  }
}

}  // namespace hal::transport::detail
