#include <hal/wire/http2.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include <fmt/format.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/wire/field.hpp>

namespace hal::wire::http2 {
namespace {

constexpr std::string_view kPreface{NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN};

/// One stream's state beside nghttp2's. Recycled: buffers keep their memory from stream to stream.
struct Stream {
  StreamId id = 0;
  Headers incoming;
  std::size_t incoming_bytes = 0;  // as RFC 9113 6.5.2 counts them
  bool too_large = false;
  bool head_received = false;  // a request or final response, not a 1xx
  bool head_submitted = false;
  bool end_queued = false;
  bool trailers_queued = false;
  bool above_mark = false;
  bool end_sent = false;
  bool reset_after_end = false;
  std::string queue;
  std::size_t sent = 0;  // of queue
  Headers trailers;
  std::size_t unconsumed = 0;  // given to on_data, not yet consume()d

  [[nodiscard]] std::size_t queued() const { return queue.size() - sent; }

  void recycle() {
    incoming.clear();
    trailers.clear();
    queue.clear();
    incoming_bytes = sent = unconsumed = 0;
    too_large = head_received = head_submitted = end_queued = trailers_queued = false;
    above_mark = end_sent = reset_after_end = false;
  }
};

std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 takes non-const pointers for text it only reads.
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Values that differ in each request: kept out of the HPACK table, where they would push out
/// what repeats. Secrets are kept out as well (RFC 7541 7.1.3).
bool never_repeats(std::string_view name) {
  switch (name.size()) {
    case 10:
      return name == "tracestate";
    case 11:
      return name == "traceparent" || name == "x-b3-spanid";
    case 12:
      return name == "x-b3-traceid" || name == "grpc-timeout" || name == "x-request-id";
    case 13:
      return name == "authorization";
    case 14:
      return name == "grpc-trace-bin" || name == "content-length";
    default:
      return false;
  }
}

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

class Session::Impl {
 public:
  Impl(Role role, const Settings& settings, Handler& handler);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { nghttp2_session_del(session_); }

  Result<> receive(std::string_view bytes);
  Result<> produce(std::string& out, std::size_t max);
  Result<StreamId> submit_request(const Headers& headers, bool end_stream);
  Result<> submit_response(StreamId id, const Headers& headers, bool end_stream);
  Result<> send_data(StreamId id, std::string bytes, bool end_stream);
  Result<> send_trailers(StreamId id, const Headers& trailers);
  void consume(StreamId id, std::size_t bytes);
  void reset(StreamId id, ErrorCode code);
  void goaway(ErrorCode code, std::string_view debug);

  [[nodiscard]] Stream* find(StreamId id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] nghttp2_session* raw() const { return session_; }
  [[nodiscard]] std::size_t open_streams() const { return streams_.size(); }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  static void set_callbacks(nghttp2_session_callbacks* callbacks);
  static void set_options(nghttp2_option* option, Role role, const Settings& settings);
  static Impl& self(void* user) { return *static_cast<Impl*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* user);
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame* frame,
                               const std::uint8_t* name, std::size_t name_size,
                               const std::uint8_t* value, std::size_t value_size,
                               std::uint8_t flags, void* user);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_data_chunk(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* user);
  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user);
  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_error(nghttp2_session*, int code, const char* text, std::size_t size, void* user);
  static ssize_t read_length(nghttp2_session*, std::uint8_t type, std::int32_t id,
                             std::int32_t session_window, std::int32_t stream_window,
                             std::uint32_t max_frame, void* user);
  static ssize_t read_data(nghttp2_session*, std::int32_t id, std::uint8_t* buffer,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                           void* user);
  static int write_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head,
                        std::size_t size, nghttp2_data_source* source, void* user);

  Stream& open(StreamId id);
  void on_headers_frame(const nghttp2_frame& frame);
  void answer_too_large(Stream& stream);
  Result<> collect(const Headers& headers);
  Result<> resume(const Stream& stream);
  [[nodiscard]] Status failure(std::string_view what, int code) const;

  Role role_;
  Settings settings_;
  Handler& handler_;
  nghttp2_session* session_ = nullptr;
  boost::unordered_flat_map<StreamId, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> spare_;
  Stream* filling_ = nullptr;        // whose header list is coming in
  std::vector<nghttp2_nv> fields_;   // scratch of collect()
  std::vector<StreamId> writable_;   // to be told when produce() is done with nghttp2
  std::string* out_ = nullptr;       // of the produce() under way
  std::size_t out_end_ = 0;          // size of *out_ where it stops
  std::size_t preface_checked_ = 0;  // bytes of the client's preface seen (server)
  bool busy_ = false;                // in receive() or produce()
  std::string last_error_;
};

Session::Impl::Impl(Role role, const Settings& settings, Handler& handler)
    : role_{role}, settings_{settings}, handler_{handler} {
  const Callbacks callbacks;
  set_callbacks(callbacks.raw);
  const Options options;
  set_options(options.raw, role, settings);
  const int made = role == Role::kServer
                       ? nghttp2_session_server_new2(&session_, callbacks.raw, this, options.raw)
                       : nghttp2_session_client_new2(&session_, callbacks.raw, this, options.raw);
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
  // Spaces around a value are trimmed as in HTTP/1.1: proxies let them through.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
  if (role == Role::kServer) {
    nghttp2_option_set_stream_reset_rate_limit(option, settings.resets_burst,
                                               settings.resets_per_second);
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
  return *(streams_[id] = std::move(stream));
}

int Session::Impl::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Impl& impl = self(user);
  const StreamId id = frame->hd.stream_id;
  impl.filling_ = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? &impl.open(id) : impl.find(id);
  if (impl.filling_ != nullptr) {
    impl.filling_->incoming.clear();
    // What a traced call carries: one allocation each instead of a doubling series.
    impl.filling_->incoming.reserve(24, 768);
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
  if (role_ == Role::kServer && !stream.head_received) {
    const StreamId id = stream.id;
    // The Handler has not seen the stream: its on_close stays away as well (head_received).
    const Headers answer{{":status", "431"}};
    if (submit_response(id, answer, true)) return reset(id, ErrorCode::kNoError);
  }
  reset(stream.id, ErrorCode::kEnhanceYourCalm);
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
  // A large buffer is not worth keeping for the small answer that comes next.
  constexpr std::size_t kSpareMax = 64;
  constexpr std::size_t kSpareBytes = 16 * 1024;
  if (impl.spare_.size() < kSpareMax && stream->queue.capacity() <= kSpareBytes) {
    stream->recycle();
    impl.spare_.push_back(std::move(stream));
  }
  if (known) impl.handler_.on_close(id, error_code(code));
  return 0;
}

int Session::Impl::on_error(nghttp2_session*, int, const char* text, std::size_t size, void* user) {
  self(user).last_error_.assign(text, size);
  return 0;
}

// ---- bytes out ---------------------------------------------------------------------------------

Result<> Session::Impl::produce(std::string& out, std::size_t max) {
  expects(!busy_, "a Handler does not call receive() or produce()");
  busy_ = true;
  out_ = &out;
  out_end_ = max > out.max_size() - out.size() ? out.max_size() : out.size() + max;
  ssize_t size = 0;
  do {
    const std::uint8_t* data = nullptr;
    size = nghttp2_session_mem_send(session_, &data);
    if (size > 0) out.append(view(data, static_cast<std::size_t>(size)));
  } while (size > 0 && out.size() < out_end_);
  out_ = nullptr;
  // Only now: a Handler that sends more must not change what nghttp2 is reading.
  for (std::size_t i = 0; i < writable_.size(); ++i) handler_.on_writable(writable_[i]);
  writable_.clear();
  busy_ = false;
  if (size < 0) return error(failure("send", static_cast<int>(size)));
  return {};
}

ssize_t Session::Impl::read_length(nghttp2_session*, std::uint8_t, std::int32_t,
                                   std::int32_t session_window, std::int32_t stream_window,
                                   std::uint32_t max_frame, void* user) {
  // nghttp2 alone stops at 16 KiB whatever the peer allows.
  const std::int64_t most = std::min(max_frame, self(user).settings_.max_frame_bytes);
  return std::min({most, std::int64_t{session_window}, std::int64_t{stream_window}});
}

ssize_t Session::Impl::read_data(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                                 std::size_t size, std::uint32_t* flags,
                                 nghttp2_data_source* source, void* user) {
  Stream& stream = *static_cast<Stream*>(source->ptr);
  const std::size_t part = std::min(size, stream.queued());
  const bool last = stream.end_queued && part == stream.queued();
  if (part == 0 && !last) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!last) return static_cast<ssize_t>(part);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailers_queued) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    Impl& impl = self(user);
    const auto collected = impl.collect(stream.trailers);  // checked when they were queued
    expects(collected.has_value(), "queued trailers are valid");
    if (nghttp2_submit_trailer(session, id, impl.fields_.data(), impl.fields_.size()) != 0) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  return static_cast<ssize_t>(part);
}

int Session::Impl::write_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head,
                              std::size_t size, nghttp2_data_source* source, void* user) {
  Impl& impl = self(user);
  // nghttp2 does not return between such frames; it comes back with this one.
  if (impl.out_->size() >= impl.out_end_) return NGHTTP2_ERR_WOULDBLOCK;
  Stream& stream = *static_cast<Stream*>(source->ptr);
  constexpr std::size_t kFrameHeadBytes = 9;
  impl.out_->append(view(frame_head, kFrameHeadBytes)).append(stream.queue, stream.sent, size);
  stream.sent += size;
  if (stream.sent == stream.queue.size()) {
    stream.queue.clear();
    stream.sent = 0;
  }
  if (stream.above_mark && stream.queued() < impl.settings_.write_low_bytes) {
    stream.above_mark = false;
    impl.writable_.push_back(stream.id);
  }
  return 0;
}

int Session::Impl::on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  const bool ends = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (!ends || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  Stream* const stream = self(user).find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  stream->end_sent = true;
  if (!stream->reset_after_end) return 0;
  return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
}

/// Fills fields_ with views into `headers`: nghttp2 copies them when they are submitted.
Result<> Session::Impl::collect(const Headers& headers) {
  fields_.clear();
  for (const Headers::Field field : headers) {
    if (is_hop_field(field.name)) continue;
    if (auto checked = check_field(field); !checked) return checked;
    fields_.push_back(
        {.name = bytes_of(field.name),
         .value = bytes_of(field.value),
         .namelen = field.name.size(),
         .valuelen = field.value.size(),
         .flags = static_cast<std::uint8_t>(never_repeats(field.name) ? NGHTTP2_NV_FLAG_NO_INDEX
                                                                      : NGHTTP2_NV_FLAG_NONE)});
  }
  return {};
}

Result<StreamId> Session::Impl::submit_request(const Headers& headers, bool end_stream) {
  expects(role_ == Role::kClient, "only a client submits requests");
  if (nghttp2_session_check_request_allowed(session_) == 0) {
    return error(Code::kUnavailable, "the connection takes no more streams");
  }
  if (auto collected = collect(headers); !collected) return error(std::move(collected.error()));
  const std::uint32_t next = nghttp2_session_get_next_stream_id(session_);
  if (next > 0x7fffffffU)
    return error(Code::kUnavailable, "the connection's stream ids are used up");
  Stream& stream = open(static_cast<StreamId>(next));
  nghttp2_data_provider body{.source = {.ptr = &stream}, .read_callback = &read_data};
  const StreamId id = nghttp2_submit_request(session_, nullptr, fields_.data(), fields_.size(),
                                             end_stream ? nullptr : &body, nullptr);
  if (id < 0) {
    streams_.erase(static_cast<StreamId>(next));
    return error(failure("submit_request", id));
  }
  stream.head_submitted = true;
  stream.end_queued = end_stream;
  return id;
}

Result<> Session::Impl::submit_response(StreamId id, const Headers& headers, bool end_stream) {
  Stream* const stream = find(id);
  if (stream == nullptr) return error(Code::kNotFound, "the stream is closed");
  if (stream->head_submitted) {
    return error(Code::kFailedPrecondition, "the stream has a response already");
  }
  if (auto collected = collect(headers); !collected) return collected;
  nghttp2_data_provider body{.source = {.ptr = stream}, .read_callback = &read_data};
  const int code = nghttp2_submit_response(session_, id, fields_.data(), fields_.size(),
                                           end_stream ? nullptr : &body);
  if (code != 0) return error(failure("submit_response", code));
  stream->head_submitted = true;
  stream->end_queued = end_stream;
  return {};
}

Result<> Session::Impl::resume(const Stream& stream) {
  // Fails when nothing is deferred, because the queue was never found empty: all is well then.
  const int code = nghttp2_session_resume_data(session_, stream.id);
  if (code != 0 && code != NGHTTP2_ERR_INVALID_ARGUMENT) return error(failure("resume", code));
  return {};
}

Result<> Session::Impl::send_data(StreamId id, std::string bytes, bool end_stream) {
  Stream* const stream = find(id);
  if (stream == nullptr) return error(Code::kNotFound, "the stream is closed");
  if (!stream->head_submitted || stream->end_queued) {
    return error(Code::kFailedPrecondition, "the stream has no head yet, or has ended");
  }
  if (stream->queue.empty() && bytes.size() > stream->queue.capacity()) {
    stream->queue = std::move(bytes);
  } else {
    if (stream->sent > stream->queue.size() / 2) {
      stream->queue.erase(0, stream->sent);
      stream->sent = 0;
    }
    stream->queue.append(bytes);
  }
  stream->end_queued = end_stream;
  if (stream->queued() >= settings_.write_low_bytes) stream->above_mark = true;
  return resume(*stream);
}

Result<> Session::Impl::send_trailers(StreamId id, const Headers& trailers) {
  Stream* const stream = find(id);
  if (stream == nullptr) return error(Code::kNotFound, "the stream is closed");
  if (!stream->head_submitted) return submit_response(id, trailers, true);
  if (stream->end_queued) return error(Code::kFailedPrecondition, "the stream has ended");
  if (auto collected = collect(trailers); !collected) return collected;
  stream->trailers = trailers;
  stream->trailers_queued = true;
  stream->end_queued = true;
  return resume(*stream);
}

// ---- the rest ----------------------------------------------------------------------------------

void Session::Impl::consume(StreamId id, std::size_t bytes) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  expects(bytes <= stream->unconsumed, "consume() gives back no more than on_data gave");
  stream->unconsumed -= bytes;
  nghttp2_session_consume(session_, id, bytes);
}

void Session::Impl::reset(StreamId id, ErrorCode code) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  if (code == ErrorCode::kNoError && stream->end_queued && !stream->end_sent) {
    // nghttp2 drops a response that waits when the stream is reset.
    stream->reset_after_end = true;
    return;
  }
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
void Session::consume(StreamId stream, std::size_t bytes) noexcept {
  impl_->consume(stream, bytes);
}
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
