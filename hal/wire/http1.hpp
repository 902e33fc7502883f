// HTTP/1.1 messages (RFC 9112): bytes in, steps out; heads and chunks into a string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>

namespace hal::wire::http1 {

/// What one message may cost. Beyond a limit the parser fails with the HTTP status named here.
struct Limits {
  /// Start line and fields, and trailers once more (431). Envoy passes on 60 KiB by default.
  std::size_t header_bytes = 64 * 1024;
  /// Field lines, and trailer lines once more (431). Envoy's default is 100; a mesh adds some.
  std::size_t header_fields = 200;
  /// The request target (414). RFC 9112 3 asks for at least 8,000.
  std::size_t target_bytes = 8 * 1024;
  /// The body after the chunks are undone (413). The same as gRPC's default message limit.
  std::uint64_t body_bytes = 4 * 1024 * 1024;
  /// Responses 1xx before the final one; more is a peer that plays for time.
  std::size_t interim_responses = 8;
};

/// Why bytes are no message.
struct ParseError {
  /// To answer with, before the connection is closed: 400, 413, 414, 431, 501, 505. Always 502
  /// from a ResponseParser.
  int http_status = 400;
  /// kInvalidArgument or, over a limit, kResourceExhausted (requests); kInternal (responses).
  /// The message is printable ASCII and names the part at fault: safe to send and to log.
  Status status;
};

template <class T>
using ParseResult = std::expected<T, ParseError>;

struct RequestHead {
  std::string method;
  std::string target;
  bool http11 = true;
  /// May the connection be used after this message (RFC 9112 9.3)?
  bool keep_alive = true;
  /// "Expect: 100-continue" of an HTTP/1.1 request: the client waits for write_continue().
  bool expect_continue = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  /// Names as they came; without the trailers.
  Headers headers;
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  Headers headers;
};

enum class Event : std::uint8_t {
  kNeedMore,  ///< call again with what was not consumed and more bytes behind it
  kHead,      ///< head() is complete
  kBody,      ///< Step::body holds a piece of the body, chunks undone
  kEnd,       ///< the message is complete; reset() before the next one
};

struct Step {
  Event event = Event::kNeedMore;
  /// Bytes of the argument that are done with: drop them, whatever the event is.
  std::size_t consumed = 0;
  /// A view into the argument.
  std::string_view body;
};

/// Parses one request after another. Not thread-safe.
///
///     auto step = parser.step(buffered);       // until kNeedMore, kEnd or an error
///     buffered.remove_prefix(step->consumed);  // bytes of a next, pipelined request stay
///
/// Refused, since peers disagree about what they mean (RFC 9112 11.2): Content-Length beside
/// Transfer-Encoding, differing Content-Lengths, a bare LF, folded lines, a space before the
/// colon, control characters, Transfer-Encoding in HTTP/1.0, a missing, second or malformed Host.
class RequestParser {
 public:
  explicit RequestParser(Limits limits = {});
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;
  ~RequestParser();

  /// The next event in `bytes`. After an error every call returns that error until reset().
  /// After kEnd every call returns kEnd and consumes nothing.
  [[nodiscard]] ParseResult<Step> step(std::string_view bytes);

  /// Complete from kHead on. After an error it holds what was understood before it (for logs).
  [[nodiscard]] const RequestHead& head() const noexcept;
  [[nodiscard]] RequestHead& head() noexcept;
  /// Complete at kEnd. For reading only: nothing in them is merged into the head.
  [[nodiscard]] const Headers& trailers() const noexcept;
  /// Has a byte of a message been seen since the last reset()? (An idle connection has none.)
  [[nodiscard]] bool started() const noexcept;

  /// The peer has closed: OK when no message was under way; kUnavailable when it is cut.
  [[nodiscard]] Result<> finish();
  /// Ready for the next message of the same connection.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Parses one response after another; interim (1xx) ones are skipped. Not thread-safe.
/// Rules and use as for RequestParser.
class ResponseParser {
 public:
  explicit ResponseParser(Limits limits = {});
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;
  ~ResponseParser();

  /// The request was HEAD: the response has no body, whatever its head says (RFC 9112 6.3).
  /// Call before the first byte; reset() takes it back.
  void expect_no_body();
  /// The body of this response has no limit: whoever reads it holds none of it. As above.
  void allow_any_body();

  [[nodiscard]] ParseResult<Step> step(std::string_view bytes);
  [[nodiscard]] const ResponseHead& head() const noexcept;
  [[nodiscard]] ResponseHead& head() noexcept;
  [[nodiscard]] const Headers& trailers() const noexcept;
  [[nodiscard]] bool started() const noexcept;

  /// The peer has closed. OK when the message is complete, is ended by closing (then step({})
  /// returns kEnd) or none was under way; kUnavailable when it is cut.
  [[nodiscard]] Result<> finish();
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How a message is delimited and what becomes of the connection. Neither a length nor chunked:
/// a request or a bodiless response (1xx, 204, 304), else a body that ends by closing.
struct Framing {
  std::optional<std::uint64_t> content_length{};
  bool chunked = false;
  bool keep_alive = true;
  /// Does the peer speak HTTP/1.1? To a 1.0 peer "Connection: keep-alive" is said aloud.
  bool peer_http11 = true;
};

/// Appends the head with its empty line. Connection, Keep-Alive, Content-Length and
/// Transfer-Encoding in `headers` are left out: `framing` decides them. Pseudo headers (":path")
/// are left out too. kInvalidArgument, and nothing appended, when a name is no token, a value has
/// a control character, or method or target has a space or control character.
/// Host must be among the headers; Date is the caller's (it is the same for a whole second).
[[nodiscard]] Result<> write_request_head(std::string_view method, std::string_view target,
                                          const Headers& headers, const Framing& framing,
                                          std::string& out);
/// As above. `status` 100-999.
[[nodiscard]] Result<> write_response_head(int status, const Headers& headers,
                                           const Framing& framing, std::string& out);
/// Appends "HTTP/1.1 100 Continue" and an empty line.
void write_continue(std::string& out);

/// Appends one chunk; nothing for no bytes, as an empty chunk would end the body.
void write_chunk(std::string_view bytes, std::string& out);
/// Appends the end of a chunked body, without trailers.
void write_last_chunk(std::string& out);

/// "Not Found" for 404; "" for a status without a name. Static storage.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace hal::wire::http1
