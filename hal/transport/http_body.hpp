// Bodies of HTTP messages as streams: a piece at a time, no faster than the other side goes.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/status.hpp>
#include <hal/transport/http_message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hal::transport {

/// A body that somebody reads. One read at a time; one loop; not thread-safe.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  /// The next piece, as it comes; never empty before the end. Empty at the end and ever after.
  /// After an error every call fails. UNAVAILABLE: the peer went away in the middle of the body.
  virtual Task<Result<std::string>> read() = 0;
};

/// A body that somebody writes. One write at a time; one loop; not thread-safe.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;

  /// Sends the head now. With a length exactly so many bytes have to follow; without one the body
  /// is chunked (to an HTTP/1.0 peer it ends with the connection). INVALID_ARGUMENT: the head
  /// cannot be written, and nothing was sent. Precondition: not started.
  virtual Task<Result<>> start(std::optional<std::uint64_t> length) = 0;
  Task<Result<>> start() { return start(std::nullopt); }

  /// Sends these bytes, behind the head if that is still to be sent, and returns when the socket
  /// has taken them in: a slow peer holds its producer back. Dropped where the message has no
  /// body: after HEAD, with 204 and 304. INVALID_ARGUMENT: more bytes than the length says.
  /// UNAVAILABLE, or the reason of a stop: the peer does not get the rest.
  virtual Task<Result<>> write(std::string_view bytes) = 0;

  /// Has the head been sent?
  [[nodiscard]] virtual bool started() const noexcept = 0;
  /// The body stays incomplete, in a way that the peer can see: the connection is closed.
  virtual void abandon() noexcept = 0;
};

/// A request at a server, and its answer. Belongs to the connection; valid while it is handled.
struct HttpExchange {
  /// Its body is empty when it is to be read from `body`.
  HttpRequest& request;
  /// Filled in, it is the answer, unless `writer` was started: that sends its status and headers
  /// as they are then, and the body in it is ignored.
  HttpResponse& response;
  BodyReader& body;
  BodyWriter& writer;
};

/// Who takes in the body of a request.
enum class BodyUse : std::uint8_t {
  kWhole,   ///< the connection, before the request is handled
  kStream,  ///< the handler, as far as it likes
};

/// A request's body that is made while it is sent.
struct HttpUpload {
  /// Its error ends the request with the same error, an exception with INTERNAL.
  BodyReader& source;
  /// Content-Length; without it the body is chunked. A source that does not keep to it is
  /// INVALID_ARGUMENT.
  std::optional<std::uint64_t> length{};
};

}  // namespace hal::transport
