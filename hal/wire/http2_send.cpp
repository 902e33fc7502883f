// Bytes out of a Session: requests, responses, data and trailers.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <hal/base/contract.hpp>
#include <hal/wire/field.hpp>
#include <hal/wire/http2_impl.hpp>

namespace hal::wire::http2 {
namespace {

/// Fields whose values differ in each request: a bit for each, 0 for all others.
std::uint8_t changing_field(std::string_view name) {
  switch (name.size()) {
    case 10:
      return name == "tracestate" ? 0x01 : 0;
    case 11:
      return name == "traceparent" ? 0x02 : name == "x-b3-spanid" ? 0x04 : 0;
    case 12:
      if (name == "x-b3-traceid") return 0x08;
      if (name == "x-request-id") return 0x10;
      return name == "grpc-timeout" ? 0x20 : 0;
    case 14:
      return name == "grpc-trace-bin" ? 0x40 : 0;
    default:
      return 0;
  }
}

}  // namespace

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
  const bool head = frame->hd.type == NGHTTP2_HEADERS;
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!head && !(end && frame->hd.type == NGHTTP2_DATA)) return 0;
  Stream* const stream = self(user).find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  stream->head_sent = true;
  if (!end) return 0;
  stream->end_sent = true;
  if (!stream->reset_after_end) return 0;
  return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
}

/// How a field goes through HPACK. Values that differ in each request are kept out of its table,
/// where they would push out what repeats; but for the first one, which takes its name there, so
/// that the name is not written again. Secrets are kept out as well (RFC 7541 7.1.3).
std::uint8_t Session::Impl::indexing_of(std::string_view name) {
  if (name == "authorization") return NGHTTP2_NV_FLAG_NO_INDEX;
  const std::uint8_t bit = changing_field(name);
  if ((named_ & bit) != 0) return NGHTTP2_NV_FLAG_NO_INDEX;
  named_ |= bit;
  return NGHTTP2_NV_FLAG_NONE;
}

/// Fills fields_ with views into `headers`: nghttp2 copies them when they are submitted.
Result<> Session::Impl::collect(const Headers& headers) {
  constexpr std::size_t kPerField = 32;  // RFC 9113 6.5.2
  fields_.clear();
  fields_bytes_ = 0;
  for (const Headers::Field field : headers) {
    if (is_hop_field(field.name)) continue;
    if (auto checked = check_field(field); !checked) return checked;
    fields_bytes_ += field.name.size() + field.value.size() + kPerField;
    fields_.push_back({.name = bytes_of(field.name),
                       .value = bytes_of(field.value),
                       .namelen = field.name.size(),
                       .valuelen = field.value.size(),
                       .flags = indexing_of(field.name)});
  }
  return {};
}

/// collect() of a list that is about to be queued: a peer that lowers its limit later gets what is
/// on its way.
Result<> Session::Impl::collect_within_limits(const Headers& headers) {
  if (auto collected = collect(headers); !collected) return collected;
  const std::size_t peers =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
  if (fields_bytes_ <= std::min<std::size_t>(settings_.header_list_bytes, peers)) return {};
  const bool own = settings_.header_list_bytes < peers;
  const bool clients = own == (role_ == Role::kClient);
  return error(
      Code::kResourceExhausted,
      fmt::format("a header list of {} bytes is over the {}'s limit of {} bytes", fields_bytes_,
                  clients ? "client" : "server", own ? settings_.header_list_bytes : peers));
}

Result<StreamId> Session::Impl::submit_request(const Headers& headers, bool end_stream) {
  expects(role_ == Role::kClient, "only a client submits requests");
  if (nghttp2_session_check_request_allowed(session_) == 0) {
    return error(Code::kUnavailable, "the connection takes no more streams");
  }
  if (auto collected = collect_within_limits(headers); !collected) {
    return error(std::move(collected.error()));
  }
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
  if (auto collected = collect_within_limits(headers); !collected) return collected;
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

std::unordered_map<StreamId, std::size_t> Session::Impl::unsent_ends() const {
  std::unordered_map<StreamId, std::size_t> held;
  for (const auto& [id, stream] : streams_) {
    if (stream->end_queued && !stream->end_sent) held.emplace(id, stream->queued());
  }
  return held;
}

Result<> Session::Impl::send_trailers(StreamId id, const Headers& trailers) {
  Stream* const stream = find(id);
  if (stream == nullptr) return error(Code::kNotFound, "the stream is closed");
  if (!stream->head_submitted) return submit_response(id, trailers, true);
  if (stream->end_queued) return error(Code::kFailedPrecondition, "the stream has ended");
  if (auto collected = collect_within_limits(trailers); !collected) return collected;
  stream->trailers = trailers;
  stream->trailers_queued = true;
  stream->end_queued = true;
  return resume(*stream);
}

}  // namespace hal::wire::http2
