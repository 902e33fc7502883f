#include <hal/wire/http2.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/wire/http2_impl.hpp>

namespace hal::wire::http2 {
namespace {

/// What is kept for streams to come, at most; and of a connection that has one at a time.
constexpr std::size_t kSpareMax = 64;
constexpr std::size_t kSpareIdle = 4;
constexpr std::size_t kMemoryPerStream = 2 * 1024;

constexpr std::string_view kPreface{NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN};

ErrorCode error_code(std::uint32_t code) { return static_cast<ErrorCode>(code); }

struct Options {
  nghttp2_option* raw = nullptr;
  Options() { expects(nghttp2_option_new(&raw) == 0, "nghttp2 has memory for options"); }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() { nghttp2_option_del(raw); }
};

struct Callbacks {
  nghttp2_session_callbacks* raw = nullptr;
  Callbacks() {
    expects(nghttp2_session_callbacks_new(&raw) == 0, "nghttp2 has memory for callbacks");
  }
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;
  ~Callbacks() { nghttp2_session_callbacks_del(raw); }
};

}  // namespace

Session::Impl::Impl(Role role, const Settings& settings, Handler& handler)
    : role_{role}, settings_{settings}, handler_{handler} {
  const Callbacks callbacks;
  set_callbacks(callbacks.raw);
  const Options options;
  set_options(options.raw, role, settings);
  nghttp2_mem memory = memory_.functions();
  const auto make =
      role == Role::kServer ? &nghttp2_session_server_new3 : &nghttp2_session_client_new3;
  const int made = make(&session_, callbacks.raw, this, options.raw, &memory);
  expects(made == 0, "nghttp2 has memory for a session");
  std::vector<nghttp2_settings_entry> entries{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, settings.max_frame_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.header_list_bytes},
      // Priorities of RFC 7540 cost a tree that nobody uses (RFC 9113 5.3.2).
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  if (role == Role::kServer) {
    entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams});
  } else {
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  expects(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) == 0,
          "the HTTP/2 settings are in the ranges of RFC 9113 6.5.2");
  expects(nghttp2_session_set_local_window_size(
              session_, NGHTTP2_FLAG_NONE, 0,
              static_cast<std::int32_t>(settings.connection_window_bytes)) == 0,
          "the connection window is at most 2^31-1");
}

void Session::Impl::set_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &on_frame_sent);
  nghttp2_session_callbacks_set_error_callback2(callbacks, &on_error);
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, &read_length);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, &write_data);
}

void Session::Impl::set_options(nghttp2_option* option, Role role, const Settings& settings) {
  nghttp2_option_set_no_auto_window_update(option, 1);
  // Closed streams are only kept for RFC 7540 priorities.
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_continuations(option, settings.continuations);
  nghttp2_option_set_max_outbound_ack(option, settings.unread_acks);
  // collect_within_limits() refuses before: nghttp2 would call it REFUSED_STREAM, which clients
  // send again. What it compares is above our count by less than this.
  constexpr std::size_t kBoundExcess = 64;
  nghttp2_option_set_max_send_header_block_length(option,
                                                  settings.header_list_bytes + kBoundExcess);
  // Spaces around a value are trimmed as in HTTP/1.1: proxies let them through.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
  if (role == Role::kServer) {
    // The Handler is told of each: nghttp2 would count those of deadlines that pass as well.
    constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();
    nghttp2_option_set_stream_reset_rate_limit(option, kNoLimit, kNoLimit);
  }
}

// ---- bytes in ----------------------------------------------------------------------------------

Result<> Session::Impl::receive(std::string_view bytes) {
  expects(!busy_, "a Handler does not call receive() or produce()");
  if (role_ == Role::kServer && preface_checked_ < kPreface.size()) {
    const auto part = bytes.substr(0, kPreface.size() - preface_checked_);
    if (!kPreface.substr(preface_checked_).starts_with(part)) {
      return error(Code::kFailedPrecondition,
                   "not HTTP/2: the bytes do not begin with the client connection preface");
    }
    preface_checked_ += part.size();
  }
  busy_ = true;
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
  busy_ = false;
  if (taken < 0) return error(failure("receive", static_cast<int>(taken)));
  return {};
}

Stream& Session::Impl::open(StreamId id) {
  std::unique_ptr<Stream> stream;
  if (spare_.empty()) {
    stream = std::make_unique<Stream>();
  } else {
    stream = std::move(spare_.back());
    spare_.pop_back();
  }
  stream->id = id;
  Stream& opened = *(streams_[id] = std::move(stream));
  streams_max_ = std::max(streams_max_, streams_.size());
  return opened;
}

int Session::Impl::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Impl& impl = self(user);
  const StreamId id = frame->hd.stream_id;
  impl.filling_ = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? &impl.open(id) : impl.find(id);
  if (impl.filling_ != nullptr) {
    Headers& incoming = impl.filling_->incoming;
    if (!impl.spare_lists_.empty()) {
      incoming = std::move(impl.spare_lists_.back());
      impl.spare_lists_.pop_back();
    }
    incoming.clear();
    // What a traced call carries, and what answers it: one allocation each instead of a doubling
    // series.
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      incoming.reserve(24, 768);
    } else {
      incoming.reserve(8, 128);
    }
    impl.filling_->incoming_bytes = 0;
  }
  return 0;
}

int Session::Impl::on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                             std::size_t name_size, const std::uint8_t* value,
                             std::size_t value_size, std::uint8_t, void* user) {
  Impl& impl = self(user);
  Stream* const stream = impl.filling_;
  if (stream == nullptr || stream->too_large) return 0;
  stream->incoming_bytes += name_size + value_size + 32;
  if (stream->incoming_bytes > impl.settings_.header_list_bytes) {
    stream->too_large = true;
    stream->incoming.clear();
    return 0;
  }
  stream->incoming.add(view(name, name_size), ascii_trim(view(value, value_size)));
  return 0;
}

int Session::Impl::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                                     std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                                     void* user) {
  // RFC 9113 8.2.1: malformed, a stream error. nghttp2 would only drop the field.
  self(user).last_error_ = "a header field has an invalid name or value";
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void Session::Impl::answer_too_large(Stream& stream) {
  last_error_ = fmt::format("stream {}: a header list of more than {} bytes", stream.id,
                            settings_.header_list_bytes);
  const StreamId id = stream.id;
  // A Handler that has not seen the stream is not told of its end either (head_received).
  const bool unseen = role_ == Role::kServer && !stream.head_received;
  if (unseen && submit_response(id, settings_.header_list_answer, true)) {
    return reset(id, ErrorCode::kNoError);
  }
  if (!unseen) handler_.on_header_list_over(id);
  reset(id, ErrorCode::kEnhanceYourCalm);
}

void Session::Impl::on_headers_frame(const nghttp2_frame& frame) {
  const StreamId id = frame.hd.stream_id;
  Stream* const stream = find(id);
  filling_ = nullptr;
  if (stream == nullptr) return;
  if (stream->too_large) return answer_too_large(*stream);
  const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!stream->head_received) {
    if (role_ == Role::kClient) {
      const auto status = stream->incoming.get(":status").value_or("");
      if (status.starts_with('1')) return;  // the final response follows
    }
    stream->head_received = true;
    handler_.on_headers(id, std::exchange(stream->incoming, {}), end);
  } else {
    handler_.on_trailers(id, std::exchange(stream->incoming, {}));
  }
  if (end) handler_.on_end(id);
}

int Session::Impl::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Impl& impl = self(user);
  switch (frame->hd.type) {
    case NGHTTP2_DATA:
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        const Stream* const stream = impl.find(frame->hd.stream_id);
        if (stream != nullptr && stream->head_received) impl.handler_.on_end(stream->id);
      }
      break;
    case NGHTTP2_HEADERS:
      impl.on_headers_frame(*frame);
      break;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) impl.handler_.on_settings();
      break;
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        std::array<std::uint8_t, 8> payload;
        std::ranges::copy(frame->ping.opaque_data, payload.begin());
        impl.handler_.on_ping_ack(payload);
      }
      break;
    case NGHTTP2_GOAWAY:
      impl.handler_.on_goaway(frame->goaway.last_stream_id, error_code(frame->goaway.error_code),
                              view(frame->goaway.opaque_data, frame->goaway.opaque_data_len));
      break;
    default:
      break;
  }
  return 0;
}

int Session::Impl::on_data_chunk(nghttp2_session*, std::uint8_t, std::int32_t id,
                                 const std::uint8_t* data, std::size_t size, void* user) {
  Impl& impl = self(user);
  Stream* const stream = impl.find(id);
  if (stream == nullptr || !stream->head_received) {
    nghttp2_session_consume(impl.session_, id, size);
    return 0;
  }
  stream->unconsumed += size;
  impl.handler_.on_data(id, view(data, size));
  return 0;
}

int Session::Impl::on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code,
                                   void* user) {
  Impl& impl = self(user);
  const auto found = impl.streams_.find(id);
  if (found == impl.streams_.end()) return 0;
  std::unique_ptr<Stream> stream = std::move(found->second);
  impl.streams_.erase(found);
  if (impl.filling_ == stream.get()) impl.filling_ = nullptr;
  if (stream->unconsumed > 0) {
    nghttp2_session_consume_connection(impl.session_, stream->unconsumed);
  }
  // A response over the limit may have ended the stream before the reset left.
  if (stream->too_large && code == NGHTTP2_NO_ERROR) code = NGHTTP2_ENHANCE_YOUR_CALM;
  const bool known = impl.role_ == Role::kClient || stream->head_received;
  const bool taken_back = impl.role_ == Role::kServer && !stream->head_sent && !stream->reset_here;
  const bool answered = stream->head_submitted;
  // A large buffer is not worth keeping for the small answer that comes next.
  constexpr std::size_t kSpareBytes = 16 * 1024;
  if (impl.spare_.size() < kSpareMax && stream->queue.capacity() <= kSpareBytes) {
    stream->recycle();
    impl.spare_.push_back(std::move(stream));
  }
  if (impl.streams_.empty()) {
    // The next requests may come together as well, or one by one.
    const std::size_t needed = std::max(kSpareIdle, std::exchange(impl.streams_max_, 0));
    impl.spare_.resize(std::min(impl.spare_.size(), needed));
    impl.spare_lists_.resize(std::min(impl.spare_lists_.size(), needed));
    impl.memory_.trim(needed * kMemoryPerStream);
  }
  if (taken_back) impl.handler_.on_taken_back(id, answered);
  if (known) impl.handler_.on_close(id, error_code(code));
  return 0;
}

int Session::Impl::on_error(nghttp2_session*, int, const char* text, std::size_t size, void* user) {
  self(user).last_error_.assign(text, size);
  return 0;
}

// ---- the rest ----------------------------------------------------------------------------------

void Session::Impl::consume(StreamId id, std::size_t bytes) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  expects(bytes <= stream->unconsumed, "consume() gives back no more than on_data gave");
  stream->unconsumed -= bytes;
  nghttp2_session_consume(session_, id, bytes);
}

void Session::Impl::give_back(Headers&& list) {
  constexpr std::size_t kBytesMax = 4 * 1024;
  if (list.empty() || list.byte_size() > kBytesMax || spare_lists_.size() >= kSpareMax) return;
  spare_lists_.push_back(std::move(list));
}

void Session::Impl::reset(StreamId id, ErrorCode code) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  if (code == ErrorCode::kNoError && stream->end_queued && !stream->end_sent) {
    // nghttp2 drops a response that waits when the stream is reset.
    stream->reset_after_end = true;
    return;
  }
  stream->reset_here = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(code));
}

void Session::Impl::goaway(ErrorCode code, std::string_view debug) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        static_cast<std::uint32_t>(code), bytes_of(debug), debug.size());
}

Status Session::Impl::failure(std::string_view what, int code) const {
  const bool flood = code == NGHTTP2_ERR_FLOODED || code == NGHTTP2_ERR_TOO_MANY_SETTINGS;
  return Status{flood ? Code::kResourceExhausted : Code::kInternal,
                fmt::format("HTTP/2 {}: {}{}{}", what, nghttp2_strerror(code),
                            last_error_.empty() ? "" : ": ", last_error_)};
}

Preface match_preface(std::string_view first_bytes) noexcept {
  const auto part = first_bytes.substr(0, kPreface.size());
  if (!kPreface.starts_with(part)) return Preface::kOther;
  return part.size() == kPreface.size() ? Preface::kHttp2 : Preface::kNeedMore;
}

std::string_view name(ErrorCode code) noexcept {
  constexpr std::array<std::string_view, 14> kNames{"NO_ERROR",
                                                    "PROTOCOL_ERROR",
                                                    "INTERNAL_ERROR",
                                                    "FLOW_CONTROL_ERROR",
                                                    "SETTINGS_TIMEOUT",
                                                    "STREAM_CLOSED",
                                                    "FRAME_SIZE_ERROR",
                                                    "REFUSED_STREAM",
                                                    "CANCEL",
                                                    "COMPRESSION_ERROR",
                                                    "CONNECT_ERROR",
                                                    "ENHANCE_YOUR_CALM",
                                                    "INADEQUATE_SECURITY",
                                                    "HTTP_1_1_REQUIRED"};
  const auto number = static_cast<std::size_t>(code);
  return number < kNames.size() ? kNames[number] : "UNKNOWN";
}

Session::Session(Role role, const Settings& settings, Handler& handler)
    : impl_{std::make_unique<Impl>(role, settings, handler)} {}
Session::~Session() = default;
Result<> Session::receive(std::string_view bytes) { return impl_->receive(bytes); }
Result<> Session::produce(std::string& out, std::size_t max) { return impl_->produce(out, max); }
bool Session::wants_read() const noexcept { return nghttp2_session_want_read(impl_->raw()) != 0; }
bool Session::wants_write() const noexcept { return nghttp2_session_want_write(impl_->raw()) != 0; }
Result<StreamId> Session::submit_request(const Headers& headers, bool end_stream) {
  return impl_->submit_request(headers, end_stream);
}
Result<> Session::submit_response(StreamId stream, const Headers& headers, bool end_stream) {
  return impl_->submit_response(stream, headers, end_stream);
}
Result<> Session::send_data(StreamId stream, std::string bytes, bool end_stream) {
  return impl_->send_data(stream, std::move(bytes), end_stream);
}
Result<> Session::send_trailers(StreamId stream, const Headers& trailers) {
  return impl_->send_trailers(stream, trailers);
}
std::size_t Session::queued(StreamId stream) const noexcept {
  const Stream* const found = impl_->find(stream);
  return found == nullptr ? 0 : found->queued();
}
std::unordered_map<StreamId, std::size_t> Session::unsent_ends() const {
  return impl_->unsent_ends();
}
void Session::consume(StreamId stream, std::size_t bytes) noexcept {
  impl_->consume(stream, bytes);
}
void Session::give_back(Headers&& list) noexcept { impl_->give_back(std::move(list)); }
void Session::reset(StreamId stream, ErrorCode code) noexcept { impl_->reset(stream, code); }
void Session::shutdown_notice() noexcept { nghttp2_submit_shutdown_notice(impl_->raw()); }
void Session::goaway(ErrorCode code, std::string_view debug) noexcept {
  impl_->goaway(code, debug);
}
void Session::ping(const std::array<std::uint8_t, 8>& payload) noexcept {
  nghttp2_submit_ping(impl_->raw(), NGHTTP2_FLAG_NONE, payload.data());
}
std::uint32_t Session::remote_max_concurrent_streams() const noexcept {
  return nghttp2_session_get_remote_settings(impl_->raw(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}
std::size_t Session::open_streams() const noexcept { return impl_->open_streams(); }
const std::string& Session::last_error() const noexcept { return impl_->last_error(); }

}  // namespace hal::wire::http2
