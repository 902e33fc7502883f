// Reading, writing and timeouts of a session; what it makes of requests is in http1_server.cpp.
#include <hal/transport/http1_session.hpp>

namespace hal::transport::detail {
namespace {

/// Dropped after a refusal before the connection is closed whatever comes.
constexpr std::size_t kLingerBytesMax = 1024 * 1024;

}  // namespace

Task<> Http1Session::fill() {
  co_await flush();
  if (ending_) co_return;
  const Phase phase = read_phase();
  if (!read_.running() && !read_.has_result()) read_.read(buffer_.writable());
  if (read_.running()) {
    // A byte more must not prolong the time for a head or a body.
    if (phase == Phase::kIdle || phase != phase_) enter(phase);
    co_await read_.wait();
  }
  take_read();
}

Http1Session::Phase Http1Session::read_phase() const noexcept {
  if (head_complete_) return Phase::kBody;
  return parser_.started() || !buffer_.empty() ? Phase::kHeader : Phase::kIdle;
}

Duration Http1Session::phase_time(Phase phase) const noexcept {
  switch (phase) {
    case Phase::kIdle:
      return leaving_ ? options_.drain_idle_timeout : options_.idle_timeout;
    case Phase::kHeader:
      return options_.header_timeout;
    case Phase::kBody:
      return options_.body_timeout;
    case Phase::kHandler:
    case Phase::kLinger:
      break;
  }
  return options_.linger_timeout;
}

void Http1Session::enter(Phase phase) {
  phase_ = phase;
  timed_out_ = false;
  set(phase_time(phase));
}

void Http1Session::take_read() {
  const auto bytes = read_.take();
  if (timed_out_ && body_ == Body::kLeft) {
    ending_ = true;
    return;
  }
  if (timed_out_ && (phase_ == Phase::kHeader || phase_ == Phase::kBody)) {
    return refuse(408, phase_ == Phase::kHeader ? "the head of the request came too slowly"
                                                : "the body of the request came too slowly");
  }
  if (!bytes || *bytes == 0) {
    // Closed or cut by the client, a stop, a drain, or nothing came for too long.
    peer_closed_ = true;
    ending_ = true;
    return;
  }
  buffer_.commit(*bytes);
}

Task<> Http1Session::flush() {
  if (write_.running()) co_await write_.wait();
  if (write_.has_result()) written();
  if (out_.empty()) co_return;
  start_write();
  if (write_.running()) co_await write_.wait();
  if (write_.has_result()) written();
}

void Http1Session::start_write() {
  std::swap(out_, writing_);
  out_.clear();
  write_.write(writing_);
  if (write_.running()) write_timer_.set(options_.write_timeout);
}

void Http1Session::written() {
  write_timer_.clear();
  if (writing_.capacity() > 4 * options_.write_together_bytes) writing_ = {};
  if (write_.take()) return;
  out_.clear();
  peer_closed_ = true;
  ending_ = true;
}

void Http1Session::written_alone() noexcept {
  written();
  if (peer_closed_ && stop_) {
    stop_->request({Code::kCancelled, "the client has closed the connection"});
  }
}

void Http1Session::task_suspended() noexcept {
  // Answers to earlier requests do not wait for this one.
  if (!write_.running() && !write_.has_result() && !out_.empty()) {
    start_write();
    if (write_.has_result()) written_alone();
  }
  watch();
}

void Http1Session::watch() noexcept {
  if (!stop_) return;  // no handler runs: the result waits for fill()
  while (!read_.running()) {
    // What the handler has not read yet is not added to: the client waits.
    if (body_ == Body::kStream && !buffer_.empty() && !read_.has_result()) return;
    if (read_.has_result()) {
      const auto bytes = read_.take();
      if (!bytes || *bytes == 0) {
        peer_closed_ = true;
        stop_->request({Code::kCancelled, "the client has closed the connection"});
        return;
      }
      buffer_.commit(*bytes);
      continue;
    }
    const auto room = buffer_.writable();
    if (peer_closed_ || room.empty()) return;
    read_.read(room);
  }
}

void Http1Session::expired() noexcept {
  timed_out_ = true;
  read_.cancel();
}

void Http1Session::leave() noexcept {
  leaving_ = true;
  // The client has been told that the connection is kept: its next request may be on the way.
  if (phase_ == Phase::kIdle && read_.running()) enter(Phase::kIdle);
}

Task<> Http1Session::finish() {
  co_await flush();
  if (lingers_ && !peer_closed_) co_await linger();
  clear();
  read_.cancel();
  co_await read_.wait();
  write_.cancel();
  co_await write_.wait();
  stream_.close();
}

Task<> Http1Session::linger() {
  stream_.shutdown_write();
  enter(Phase::kLinger);
  for (std::size_t dropped = 0; dropped < kLingerBytesMax && !timed_out_;) {
    buffer_.consume(buffer_.unread().size());
    if (!read_.running() && !read_.has_result()) read_.read(buffer_.writable());
    co_await read_.wait();
    const auto bytes = read_.take();
    if (!bytes || *bytes == 0) break;
    buffer_.commit(*bytes);
    dropped += *bytes;
  }
}

}  // namespace hal::transport::detail
