// HTTP/2 (RFC 9113) for one connection, either side: bytes in, calls to a Handler out, and back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>

namespace hal::wire::http2 {

/// Streams opened by clients are odd; 0 is the connection itself.
using StreamId = std::int32_t;

enum class Role : std::uint8_t { kClient, kServer };

/// RFC 9113 7. A peer may send others: they keep their number.
enum class ErrorCode : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kSettingsTimeout = 4,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompressionError = 9,
  kConnectError = 10,
  kEnhanceYourCalm = 11,
  kInadequateSecurity = 12,
  kHttp11Required = 13,
};

/// "REFUSED_STREAM"; "UNKNOWN" for a code the RFC does not name. Static storage.
[[nodiscard]] std::string_view name(ErrorCode code) noexcept;

/// What this side allows its peer, and itself.
struct Settings {
  /// Streams the peer may have open (a server's limit; further ones get REFUSED_STREAM).
  std::uint32_t max_concurrent_streams = 1024;
  /// Bytes a peer may send on one stream before consume(): one large unary message flows without
  /// a pause; memory per stream is bounded by it.
  std::uint32_t stream_window_bytes = 1024 * 1024;
  /// The same for all streams together: bounds the memory of a connection.
  std::uint32_t connection_window_bytes = 4 * 1024 * 1024;
  /// Payload of one frame, 16 KiB to 16 MiB. Larger frames delay other streams behind them.
  std::uint32_t max_frame_bytes = 64 * 1024;
  /// Names + values + 32 per field (RFC 9113 6.5.2) of one header list, sent or received. Over it a
  /// server gives the answer below by itself and the Handler never sees the stream; all else that
  /// comes in is reset with ENHANCE_YOUR_CALM: on_header_list_over, then on_close. What goes out
  /// keeps to the peer's SETTINGS_MAX_HEADER_LIST_SIZE as well.
  std::uint32_t header_list_bytes = 64 * 1024;
  Headers header_list_answer{{":status", "431"}};
  /// on_writable comes when a stream's queue falls below this.
  std::size_t write_low_bytes = 64 * 1024;
  /// CONTINUATION frames of one header list (CVE-2024-28182).
  std::size_t continuations = 8;
  /// PING and SETTINGS acknowledgements a peer may leave unread.
  std::size_t unread_acks = 1000;
};

/// What the peer does. Called from Session::receive() and Session::produce(), on their thread.
/// A call may use the Session (submit, send, reset, consume, goaway...) but not receive(),
/// produce() or destroy it. Order per stream: on_headers, on_data..., on_trailers, on_end,
/// on_close; a stream that is reset goes to on_close from anywhere. Must not throw.
class Handler {
 public:
  virtual ~Handler() = default;

  /// A request (server) or the final response (client; 1xx are skipped), pseudo headers (":path",
  /// ":status") first among the fields, names in lower case. `end_stream`: on_end follows at once.
  /// A trailers-only gRPC response arrives here with end_stream.
  virtual void on_headers(StreamId stream, Headers&& headers, bool end_stream) = 0;
  /// A piece of the body, valid during the call. Tell consume() when it is done with.
  virtual void on_data(StreamId stream, std::string_view bytes) = 0;
  virtual void on_trailers(StreamId stream, Headers&& trailers) = 0;
  /// The peer has sent all it will: once per stream unless it is reset.
  virtual void on_end(StreamId stream) = 0;
  /// The stream is gone and its id unknown from now on: kNoError after both sides ended, else why
  /// it was reset, by either side. kRefusedStream: the peer has not processed it, a request may be
  /// sent again (also given for streams above a GOAWAY's last id and for those never sent).
  virtual void on_close(StreamId stream, ErrorCode code) = 0;

  /// Server. Before on_close: the client, by a reset or by what it broke, has ended a stream none
  /// of whose answer has left. `answered`: an answer was queued. Whoever knows the time judges how
  /// many are too many ("rapid reset", CVE-2023-44487): the session keeps no count.
  virtual void on_taken_back(StreamId /*stream*/, bool /*answered*/) {}
  /// A response's or trailers' header list passed Settings::header_list_bytes: it is dropped and
  /// the stream reset.
  virtual void on_header_list_over(StreamId /*stream*/) {}
  /// queued(stream) fell below Settings::write_low_bytes after it had been at or above.
  virtual void on_writable(StreamId /*stream*/) {}
  /// Open no more streams here. The last id is 2^31-1 in a shutdown notice.
  virtual void on_goaway(StreamId /*last*/, ErrorCode /*code*/, std::string_view /*debug*/) {}
  /// The peer's settings came or changed: see Session::remote_max_concurrent_streams().
  virtual void on_settings() {}
  virtual void on_ping_ack(const std::array<std::uint8_t, 8>& /*payload*/) {}
};

/// What the first bytes of a connection are.
enum class Preface : std::uint8_t { kNeedMore, kHttp2, kOther };

/// Compares with the client connection preface (RFC 9113 3.4, 24 bytes): a server that speaks
/// both versions on one port asks this before it makes a Session. kHttp2 and kOther are final.
[[nodiscard]] Preface match_preface(std::string_view first_bytes) noexcept;

/// One connection. Not thread-safe. The Handler must outlive it.
/// Memory is bounded by Settings and by what the caller queues with send_data().
class Session {
 public:
  /// The preface and SETTINGS wait for produce() from the start.
  Session(Role role, const Settings& settings, Handler& handler);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Takes all of `bytes`. Errors end the connection; send what produce() still gives (a GOAWAY),
  /// then close: kFailedPrecondition when a client's first bytes are no HTTP/2 preface (answer as
  /// HTTP/1.1 if they look like it), kResourceExhausted when the peer floods, kInternal else.
  /// A peer's protocol error is no error here: GOAWAY is queued and wants_read() becomes false.
  [[nodiscard]] Result<> receive(std::string_view bytes);

  /// Appends frames to `out` until nothing is left or at least `max` bytes were appended (it
  /// passes `max` by at most one frame). Same errors as receive().
  [[nodiscard]] Result<> produce(std::string& out, std::size_t max = 256 * 1024);

  /// When both are false the connection is finished: close it.
  [[nodiscard]] bool wants_read() const noexcept;
  [[nodiscard]] bool wants_write() const noexcept;

  /// Client. Opens a stream: ":method", ":scheme", ":path", ":authority" first, then the fields;
  /// connection-specific fields (RFC 9113 8.2.2) are left out, names written in lower case.
  /// kUnavailable when no stream may be opened any more (GOAWAY, ids used up): take another
  /// connection. kInvalidArgument for a bad name or value; kResourceExhausted, saying sizes and
  /// whose limit, for a header list that is too large: the same holds for all header lists below.
  /// Over the peer's stream limit the request waits in the session: compare open_streams() first.
  [[nodiscard]] Result<StreamId> submit_request(const Headers& headers, bool end_stream);

  /// Server. ":status" first. kNotFound when the stream is gone (the client has reset it), which
  /// holds for all calls below; kFailedPrecondition when a response was submitted before.
  [[nodiscard]] Result<> submit_response(StreamId stream, const Headers& headers, bool end_stream);

  /// Queues body bytes behind earlier ones; they leave as flow control allows. After the end was
  /// queued: kFailedPrecondition.
  [[nodiscard]] Result<> send_data(StreamId stream, std::string bytes, bool end_stream);
  /// Queues trailers behind the data and ends the stream. Before any response headers they become
  /// the response itself ("trailers-only"; must hold ":status" then).
  [[nodiscard]] Result<> send_trailers(StreamId stream, const Headers& trailers);
  /// Bytes of send_data() that have not left yet. 0 for an unknown stream.
  [[nodiscard]] std::size_t queued(StreamId stream) const noexcept;

  /// queued() of the streams whose end is queued and has not left: the peer's windows may hold it
  /// back, even where it is empty or has trailers only.
  [[nodiscard]] std::unordered_map<StreamId, std::size_t> unsent_ends() const;

  /// `bytes` of on_data are done with: lets the peer send as many more. What a closed stream has
  /// left is given back by the session itself.
  void consume(StreamId stream, std::size_t bytes) noexcept;

  /// Of a list that on_headers or on_trailers gave: its memory serves the next one.
  void give_back(Headers&& list) noexcept;

  /// RST_STREAM; what is queued is dropped. on_close follows when it is produced. An unknown
  /// stream is left alone. kNoError after the end was queued lets what is queued leave first: so a
  /// server says that its answer is complete and no more of the request wanted (RFC 9113 8.1).
  void reset(StreamId stream, ErrorCode code) noexcept;

  /// Server. First half of a graceful stop: GOAWAY with id 2^31-1. Requests under way still come
  /// in; call goaway() a round trip later.
  void shutdown_notice() noexcept;
  /// Final GOAWAY with the last stream processed. Streams up to it finish; wants_read() is false
  /// when they have. `debug` is for people who look at the wire.
  void goaway(ErrorCode code, std::string_view debug) noexcept;
  /// on_ping_ack brings the payload back. Pings of the peer are answered by the session.
  void ping(const std::array<std::uint8_t, 8>& payload) noexcept;

  /// 100 until the peer's SETTINGS say otherwise.
  [[nodiscard]] std::uint32_t remote_max_concurrent_streams() const noexcept;
  /// Streams between on_headers/submit_request and on_close.
  [[nodiscard]] std::size_t open_streams() const noexcept;
  /// The last complaint about the peer, for logs; empty when there was none.
  [[nodiscard]] const std::string& last_error() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hal::wire::http2
