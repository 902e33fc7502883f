#include <hal/transport/http2_connection.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/or_return.hpp>
#include <hal/transport/connection_age.hpp>
#include <hal/transport/pending_io.hpp>
#include <hal/transport/phase_timer.hpp>
#include <hal/transport/read_memory.hpp>

namespace hal::transport {
namespace {

Task<Result<>> read_until_preface(std::string* first_bytes, net::Stream* stream) {
  std::array<char, 4096> buffer;
  for (;;) {
    const std::size_t size = co_await or_return(co_await stream->read_some(buffer));
    if (size == 0) co_return error(Code::kUnavailable, "the peer closed the connection");
    first_bytes->append(buffer.data(), size);
    switch (wire::http2::match_preface(*first_bytes)) {
      case wire::http2::Preface::kHttp2:
        co_return Result<>{};
      case wire::http2::Preface::kOther:
        co_return error(Code::kFailedPrecondition, "the client does not speak HTTP/2");
      case wire::http2::Preface::kNeedMore:
        break;
    }
  }
}

/// Of what was written last a connection that waits keeps the memory up to here.
constexpr std::size_t kWriteBytesKept = 16 * 1024;
/// Of a finished answer, in each write_timeout.
constexpr std::size_t kProgressBytes = 64 * 1024;

/// The peer takes in what is written.
class WriteTimer final : public PhaseTimer {
 public:
  WriteTimer(net::Stream& stream, Scope& scope)
      : PhaseTimer{*scope.context().loop}, stream_{stream}, scope_{scope} {}

 private:
  void expired() noexcept override {
    scope_.cancel({Code::kUnavailable, "the peer took in nothing for too long"});
    stream_.abort();
  }
  net::Stream& stream_;
  Scope& scope_;
};

}  // namespace

using wire::http2::ErrorCode;
using wire::http2::Role;
using wire::http2::StreamId;

Http2Connection::Http2Connection(Role role, std::unique_ptr<net::Stream> stream,
                                 const Http2Options& options)
    : role_{role},
      options_{options},
      stream_{std::move(stream)},
      peer_{stream_->peer()},
      session_{role, options.settings, *this},
      resets_{options.rapid_resets_burst, options.rapid_resets_per_second} {}

std::shared_ptr<Http2Connection> Http2Connection::client(std::unique_ptr<net::Stream> stream,
                                                         const Http2Options& options) {
  return std::shared_ptr<Http2Connection>{
      new Http2Connection{Role::kClient, std::move(stream), options}};
}

std::shared_ptr<Http2Connection> Http2Connection::server(std::unique_ptr<net::Stream> stream,
                                                         const Http2Options& options,
                                                         Http2Handler& handler,
                                                         service::Drain& drain) {
  auto connection = std::shared_ptr<Http2Connection>{
      new Http2Connection{Role::kServer, std::move(stream), options}};
  connection->handler_ = &handler;
  connection->drain_ = &drain;
  return connection;
}

Task<Result<>> Http2Connection::run() {
  const auto self = shared_from_this();
  auto result = co_await with_scope(run_in, this);
  scope_ = nullptr;
  stream_->close();
  co_return result;
}

Task<Result<>> Http2Connection::run_in(Scope& scope, Http2Connection* self) {
  self->scope_ = &scope;
  if (self->drain_ != nullptr) scope.spawn(drain_loop, self);
  auto result = co_await read_preface(self);
  if (result) {
    self->preface_done_ = true;
    self->prefaced_.wake_all();
    self->heard_at_ = scope.context().loop->now();
    if (!self->preface_.empty()) result = self->receive(std::exchange(self->preface_, {}));
    scope.spawn(write_loop, self);
    scope.spawn(self->role_ == Role::kClient ? watch_peer : watch_client, self);
    if (result) result = co_await read_loop(self);
    if (self->writer_ended_ && self->finished()) result = self->how_it_finished();
  }
  self->end(result ? Status{Code::kUnavailable, "the peer closed the connection"} : result.error());
  if (self->preface_done_) {
    (void)co_await timeout(self->options_.goodbye_time, say_goodbye(self));
  } else if (!result && result.error().code() == Code::kFailedPrecondition) {
    (void)co_await timeout(self->options_.goodbye_time, refuse_http1(self));
  }
  scope.cancel({Code::kCancelled, "the connection has ended"});
  co_return result;
}

Result<> Http2Connection::how_it_finished() const {
  if (goaway_received_ || draining_) return {};
  // Nobody asked for an end: the session has sent a GOAWAY that complains.
  const std::string& fault = session_.last_error();
  return error(Code::kInternal,
               "the peer broke HTTP/2's rules" + (fault.empty() ? fault : ": " + fault));
}

Task<Result<>> Http2Connection::read_preface(Http2Connection* self) {
  if (self->role_ == Role::kClient) co_return Result<>{};
  auto read = co_await timeout(self->options_.preface_time,
                               read_until_preface(&self->preface_, self->stream_.get()));
  if (!read && read.error().code() == Code::kDeadlineExceeded) {
    co_return error(Code::kDeadlineExceeded, "the client sent no HTTP/2 preface in time");
  }
  co_return read;
}

Task<Result<>> Http2Connection::read_loop(Http2Connection* self) {
  ReadMemory memory{self->options_.read_bytes};
  while (!self->finished()) {
    const std::size_t size = co_await or_return(co_await self->stream_->read_some(memory.span()));
    if (size == 0) break;
    self->heard_at_ = self->scope_->context().loop->now();
    co_await or_return(self->receive({memory.span().data(), size}));
    memory.note_read(size, [self] {
      return std::ranges::any_of(self->streams_,
                                 [](const auto& entry) { return !entry.second->ended_; });
    });
  }
  co_return Result<>{};
}

Result<> Http2Connection::receive(std::string_view bytes) {
  auto received = session_.receive(bytes);
  if (too_many_resets_) {
    new_streams_.clear();
    session_.goaway(ErrorCode::kEnhanceYourCalm, "too_many_resets");
    received = error(Code::kResourceExhausted,
                     fmt::format("rapid resets: the client took back more than {} requests "
                                 "(rapid_resets_burst) before their answers began",
                                 options_.rapid_resets_burst));
  }
  start_new_streams();
  flush();
  return received;
}

void Http2Connection::start_new_streams() {
  // After the bytes have been taken in: a small request is complete when its handler starts, and
  // no handler runs inside a callback of the session.
  // No handler takes bytes in: nothing is added meanwhile.
  for (auto& stream : new_streams_) {
    // Reset in the same bytes: a flood of those costs no handler (CVE-2023-44487).
    if (stream->failure().ok()) scope_->spawn(handle_stream, this, std::move(stream));
  }
  new_streams_.clear();
}

Task<> Http2Connection::handle_stream(Http2Connection* self, std::unique_ptr<Http2Stream> stream) {
  return self->handler_->handle(std::move(stream));
}

Task<> Http2Connection::write_loop(Http2Connection* self) {
  std::string out;
  bool broken = false;
  PendingIo write{*self->stream_};
  WriteTimer timer{*self->stream_, *self->scope_};
  for (;;) {
    out.clear();
    const auto produced = self->session_.produce(out);
    if (!out.empty()) self->sent_last_ = self->opened_last_;
    if (!out.empty()) {
      write.write(out);
      if (write.running()) {
        if (self->options_.write_timeout.count() > 0) timer.set(self->options_.write_timeout);
        co_await write.wait();
        timer.clear();
      }
      broken = !write.take();
      if (broken) break;
    }
    if (!produced || self->finished()) break;
    if (!out.empty() && self->session_.wants_write()) continue;
    if (self->closing_) break;
    if (out.capacity() > kWriteBytesKept) out = {};
    self->write_due_ = false;
    self->watch_unsent();
    if (!co_await self->writable_.wait()) break;
  }
  self->writer_ended_ = true;
  self->written_.wake_all();
  // A peer that has closed may have answered before: the reader takes that in, to the end.
  if (broken) (void)co_await sleep(self->options_.goodbye_time);
  // Finished, or broken: the reader would wait for a peer that has nothing more to say.
  self->scope_->cancel({Code::kUnavailable, "the connection has ended"});
}

/// Lets the writer send what is left: a GOAWAY that tells the peer its fault.
Task<Result<>> Http2Connection::say_goodbye(Http2Connection* self) {
  self->closing_ = true;
  self->writable_.wake_one();
  while (!self->writer_ended_) co_await or_return(co_await self->written_.wait());
  co_return Result<>{};
}

Task<Result<>> Http2Connection::refuse_http1(Http2Connection* self) {
  // Anything else than a method in capital letters, such as TLS, would not understand either.
  if (self->preface_.front() < 'A' || self->preface_.front() > 'Z') co_return Result<>{};
  constexpr std::string_view kText =
      "This port speaks gRPC over HTTP/2 (with prior knowledge), not HTTP/1.1.\n";
  const std::string answer = fmt::format(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
      kText.size(), kText);
  co_await or_return(co_await self->stream_->write_all(answer));
  self->stream_->shutdown_write();
  // Closing with unread bytes would reset the connection, and the client might lose the answer.
  std::array<char, 4096> rest;
  while (co_await or_return(co_await self->stream_->read_some(rest)) > 0) {
  }
  co_return Result<>{};
}

Task<> Http2Connection::drain_loop(Http2Connection* self) {
  const auto& options = self->options_;
  const auto told = options.age_max == options.age_max.zero()
                        ? co_await self->drain_->wait()
                        : co_await timeout(jittered(options.age_max, options.age_jitter_percent),
                                           self->drain_->wait());
  const bool too_old = !told && told.error().code() == Code::kDeadlineExceeded;
  if (!told && !too_old) co_return;
  self->draining_ = true;
  if (!self->preface_done_) {
    // Just connected: the first request may be on its way.
    (void)co_await timeout(self->options_.shutdown_notice_time, wait_on(self->prefaced_));
    if (!self->preface_done_) {
      self->scope_->cancel({Code::kUnavailable, "the server stops"});
      co_return;
    }
  }
  if (!co_await say_goodbye_to_client(self, too_old ? "max_age" : "the server stops")) co_return;
  if (!too_old || self->options_.age_grace == self->options_.age_grace.zero()) co_return;
  if (!co_await sleep(self->options_.age_grace)) co_return;
  self->scope_->cancel({Code::kUnavailable, "the connection's grace is over"});
}

Task<Result<>> Http2Connection::say_goodbye_to_client(Http2Connection* self, std::string_view why) {
  self->session_.shutdown_notice();
  // The answer to a ping behind the notice tells that the client has seen it.
  self->session_.ping({'d', 'r', 'a', 'i', 'n'});
  self->flush();
  const auto waited = co_await timeout(self->options_.shutdown_notice_time, wait_on(self->pinged_));
  if (!waited && waited.error().code() != Code::kDeadlineExceeded) co_return waited;
  self->session_.goaway(ErrorCode::kNoError, why);
  self->flush();
  co_return Result<>{};
}

/// Client: a peer that has gone without a word is found by what does not come, the settings first.
Task<> Http2Connection::watch_peer(Http2Connection* self) {
  if (!self->ready_) {
    const auto told = co_await timeout(self->options_.preface_time, wait_on(self->prefaced_));
    if (!told && told.error().code() == Code::kDeadlineExceeded) {
      self->scope_->cancel({Code::kUnavailable, "the peer sent no HTTP/2 settings in time"});
    }
    if (!told) co_return;
  }
  if (self->options_.keepalive_time.count() == 0) co_return;
  const Loop& loop = *self->scope_->context().loop;
  for (;;) {
    const TimePoint now = loop.now();
    const TimePoint due =
        saturating_add(self->heard_at_, self->silent_ ? self->options_.keepalive_interval
                                                      : self->options_.keepalive_time);
    if (due > now) {
      // In short steps: an answer meanwhile makes the next ping due earlier.
      if (!co_await sleep(std::min<Duration>(due - now, self->options_.keepalive_time))) co_return;
      continue;
    }
    if (self->streams_.empty()) {  // nobody waits for the peer
      self->heard_at_ = now;
      continue;
    }
    self->silent_ = true;
    if (!co_await answers_ping(self)) co_return;
  }
}

/// Server: a client that is silent may be one that has gone.
Task<> Http2Connection::watch_client(Http2Connection* self) {
  const Duration silence = self->options_.server_keepalive_time;
  if (silence == Duration::zero()) co_return;
  const Loop& loop = *self->scope_->context().loop;
  for (;;) {
    const Duration left = saturating_add(self->heard_at_, silence) - loop.now();
    if (left > Duration::zero()) {
      if (!co_await sleep(left)) co_return;
    } else if (!co_await answers_ping(self)) {
      co_return;
    }
  }
}

/// Sends a PING. False when the connection has ended, or ends because nothing has come.
Task<bool> Http2Connection::answers_ping(Http2Connection* self) {
  const TimePoint asked = self->scope_->context().loop->now();
  self->session_.ping({'a', 'l', 'i', 'v', 'e', '?'});
  self->flush();
  const auto answer = co_await timeout(self->options_.keepalive_timeout, wait_on(self->pinged_));
  if (answer || self->heard_at_ > asked) co_return true;
  if (answer.error().code() == Code::kDeadlineExceeded) {
    self->scope_->cancel({Code::kUnavailable, "the peer did not answer a ping in time"});
  }
  co_return false;
}

/// Looks for what has left its handler and does not leave the session.
void Http2Connection::watch_unsent() {
  if (role_ == Role::kClient || session_.open_streams() <= streams_.size()) return;
  if (giving_up_ || options_.write_timeout.count() == 0) return;
  giving_up_ = true;
  scope_->spawn(give_up_unsent, this);
}

/// Server: resets what is finished and does not leave, until nothing of that kind is left.
Task<> Http2Connection::give_up_unsent(Http2Connection* self) {
  auto& session = self->session_;
  auto held = session.unsent_ends();
  while (!held.empty()) {
    if (!co_await sleep(self->options_.write_timeout)) co_return;
    auto still = session.unsent_ends();
    std::erase_if(still, [&](const auto& entry) {
      const auto before = held.find(entry.first);
      if (before == held.end() || before->second - entry.second >= kProgressBytes) return false;
      session.reset(entry.first, ErrorCode::kCancel);
      return true;
    });
    held = std::move(still);
    self->flush();
  }
  self->giving_up_ = false;
}

void Http2Connection::shutdown() {
  draining_ = true;
  session_.goaway(ErrorCode::kNoError, "");
  flush();
}

void Http2Connection::end(const Status& why) {
  if (!ended_.ok()) return;
  ended_ = {Code::kUnavailable,
            fmt::format("connection to {} lost: {}", net::to_string(peer_), why.message())};
  // A stream that fails may go away in a later turn, never here.
  for (const auto& [id, stream] : streams_) {
    if (stream->gone_) continue;
    stream->refused_ = role_ == Role::kClient && id > sent_last_;
    stream->fail(ended_);
  }
  tell_watcher();
}

Result<std::unique_ptr<Http2Stream>> Http2Connection::open(const Headers& headers,
                                                           bool end_stream) {
  if (!ended_.ok()) return error(ended_);
  if (!usable()) return error(Code::kUnavailable, "the connection takes no more streams");
  auto id = session_.submit_request(headers, end_stream);
  if (!id) return error(std::move(id.error()));
  auto stream = std::make_unique<Http2Stream>(shared_from_this(), *id, nullptr);
  streams_.emplace(*id, stream.get());
  opened_last_ = *id;
  flush();
  return stream;
}

bool Http2Connection::usable() const noexcept {
  return ended_.ok() && !goaway_received_ && !draining_ && !writer_ended_;
}

bool Http2Connection::has_room() const noexcept {
  return usable() && streams_.size() < session_.remote_max_concurrent_streams();
}

void Http2Connection::forget(Http2Stream& stream) {
  if (streams_.erase(stream.id()) == 0 || stream.gone_ || !ended_.ok()) return;
  const bool answered = role_ == Role::kServer && stream.end_sent_;
  // The answer is on its way, and the request is complete: the stream ends by itself.
  if (answered && stream.ended_) return;
  // An early answer says NO_ERROR (RFC 9113 8.1); everything else given up is cancelled.
  session_.reset(stream.id(), answered ? ErrorCode::kNoError : ErrorCode::kCancel);
  flush();
}

Http2Stream* Http2Connection::find(StreamId id) noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void Http2Connection::on_headers(StreamId id, Headers&& headers, bool /*end_stream*/) {
  Http2Stream* stream = find(id);
  if (role_ == Role::kServer) {
    auto made = std::make_unique<Http2Stream>(shared_from_this(), id, scope_->context().stop);
    made->received_at_ = heard_at_;
    stream = made.get();
    streams_.emplace(id, stream);
    new_streams_.push_back(std::move(made));
  }
  answered_ = true;
  silent_ = false;
  if (stream == nullptr) return;
  stream->headers_ = std::move(headers);
  stream->headers_received_ = true;
  stream->changed_.wake_all();
}

void Http2Connection::on_data(StreamId id, std::string_view bytes) {
  Http2Stream* const stream = find(id);
  if (stream == nullptr) {
    session_.consume(id, bytes.size());
    return;
  }
  silent_ = false;
  stream->data_.append(bytes);
  stream->changed_.wake_all();
}

void Http2Connection::on_trailers(StreamId id, Headers&& trailers) {
  if (Http2Stream* const stream = find(id)) stream->trailers_ = std::move(trailers);
}

void Http2Connection::on_end(StreamId id) {
  if (Http2Stream* const stream = find(id)) {
    stream->ended_ = true;
    stream->changed_.wake_all();
  }
}

void Http2Connection::on_taken_back(StreamId id, bool answered) {
  taken_back_last_ = id;
  const Http2Stream* const stream = find(id);
  const bool waited = stream != nullptr && !answered &&
                      heard_at_ - stream->received_at_ >= options_.rapid_reset_time;
  if (!waited && !resets_.take(heard_at_)) too_many_resets_ = true;
}

void Http2Connection::on_close(StreamId id, ErrorCode code) {
  if (id != taken_back_last_) resets_.request_done();
  if (Http2Stream* const stream = find(id)) stream->closed(code);
}

void Http2Connection::on_header_list_over(StreamId id) {
  Http2Stream* const stream = find(id);
  if (stream == nullptr) return;
  stream->gone_ = true;  // the session resets it
  stream->fail(
      {Code::kResourceExhausted, fmt::format("the peer's header list has more than {} bytes",
                                             options_.settings.header_list_bytes)});
}

void Http2Connection::on_writable(StreamId id) {
  if (Http2Stream* const stream = find(id)) stream->changed_.wake_all();
}

void Http2Connection::on_goaway(StreamId /*last*/, ErrorCode code, std::string_view debug) {
  goaway_received_ = true;
  if (code == ErrorCode::kEnhanceYourCalm && debug == "too_many_pings") pinged_too_often_ = true;
  tell_watcher();
}

void Http2Connection::on_settings() {
  if (role_ != Role::kClient) return;
  ready_ = true;
  prefaced_.wake_all();
  tell_watcher();
}

void Http2Connection::on_ping_ack(const std::array<std::uint8_t, 8>& /*payload*/) {
  pinged_.wake_all();
}

}  // namespace hal::transport
