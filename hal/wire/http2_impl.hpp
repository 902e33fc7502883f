// Private to http2*.cpp: the state of a Session and nghttp2's callbacks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include <boost/unordered/unordered_flat_map.hpp>

#include <hal/wire/http2.hpp>
#include <hal/wire/http2_memory.hpp>

namespace hal::wire::http2 {

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
  bool head_sent = false;
  bool end_sent = false;
  bool reset_here = false;
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
    above_mark = head_sent = end_sent = reset_here = reset_after_end = false;
  }
};

inline std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 takes non-const pointers for text it only reads.
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

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
  void give_back(Headers&& list);
  void reset(StreamId id, ErrorCode code);
  void goaway(ErrorCode code, std::string_view debug);

  [[nodiscard]] Stream* find(StreamId id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] std::unordered_map<StreamId, std::size_t> unsent_ends() const;
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
  std::uint8_t indexing_of(std::string_view name);
  Result<> collect(const Headers& headers);
  Result<> collect_within_limits(const Headers& headers);
  Result<> resume(const Stream& stream);
  [[nodiscard]] Status failure(std::string_view what, int code) const;

  Role role_;
  Settings settings_;
  Handler& handler_;
  Memory memory_;
  nghttp2_session* session_ = nullptr;
  boost::unordered_flat_map<StreamId, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> spare_;
  std::vector<Headers> spare_lists_;
  std::size_t streams_max_ = 0;      // at once, since there were none
  Stream* filling_ = nullptr;        // whose header list is coming in
  std::vector<nghttp2_nv> fields_;   // scratch of collect()
  std::size_t fields_bytes_ = 0;     // the same, as RFC 9113 6.5.2 counts them
  std::uint8_t named_ = 0;           // changing fields whose names HPACK's table has
  std::vector<StreamId> writable_;   // to be told when produce() is done with nghttp2
  std::string* out_ = nullptr;       // of the produce() under way
  std::size_t out_end_ = 0;          // size of *out_ where it stops
  std::size_t preface_checked_ = 0;  // bytes of the client's preface seen (server)
  bool busy_ = false;                // in receive() or produce()
  std::string last_error_;
};

}  // namespace hal::wire::http2
