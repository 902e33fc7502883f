// Streams: parameters of handlers that read the request or write the response piece by piece.
#pragma once

#include <hal/http/handler.hpp>
#include <hal/transport/http_body.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace hal::http {

/// A parameter: the body of the request, read while it comes in. Nothing is read from the socket
/// beyond what the handler asks for, one read ahead. Valid while the handler runs; a copy stands
/// for the same body. Limits: Http1ServerOptions::stream_body_bytes, body_timeout for each piece,
/// and the request's deadline for all of it (layers::Deadline). What is left unread is dropped, or
/// ends the connection when it is much.
class BodyStream {
 public:
  explicit BodyStream(transport::BodyReader& body) noexcept : body_{&body} {}

  /// The next piece, as it comes; empty at the end. An error may be returned as it is: the client
  /// gets 413, 408 or 400. CANCELLED or UNAVAILABLE: it has gone.
  Task<Result<std::string>> read() { return body_->read(); }
  /// For whoever takes any reader: a client's upload.
  [[nodiscard]] transport::BodyReader& reader() const noexcept { return *body_; }

  static constexpr bool kReadsBody = true;
  static Expected<BodyStream> extract(const Exchange& exchange) {
    return BodyStream{exchange.streams->body};
  }
  static void check(const RouteInfo&) {}

 private:
  transport::BodyReader* body_;
};

/// A parameter: the response, written while it is made; the handler's result is Result<>. Its
/// first write sends status and headers, also those that layers have added by then; its end ends
/// the response. Errors before the first write are answered as everywhere; after it the client
/// sees a response that was cut. Valid while the handler runs; a copy stands for the same response.
///
///     Task<Result<>> list(http::State<Store> store, http::ResponseWriter out) {
///       out.headers().add("content-type", "application/x-ndjson");
///       for (const Row& row : store->rows()) co_await or_return(out.write(line(row)));
///       co_return Result<>{};
///     }
class ResponseWriter {
 public:
  explicit ResponseWriter(const transport::HttpExchange& exchange) noexcept : exchange_{exchange} {}

  /// 200 unless it is set. Without effect once the response has started, as are headers.
  void set_status(int status) { exchange_.response.status = status; }
  [[nodiscard]] Headers& headers() { return exchange_.response.headers; }

  /// As transport::BodyWriter: the body is chunked unless start() is given its length; write()
  /// returns when the socket has taken the bytes in. CANCELLED when the client goes.
  Task<Result<>> start(std::optional<std::uint64_t> length = {}) {
    return exchange_.writer.start(length);
  }
  Task<Result<>> write(std::string_view bytes) { return exchange_.writer.write(bytes); }

  static constexpr bool kWritesResponse = true;
  static Expected<ResponseWriter> extract(const Exchange& exchange) {
    return ResponseWriter{*exchange.streams};
  }
  static void check(const RouteInfo&) {}

 private:
  const transport::HttpExchange& exchange_;
};

}  // namespace hal::http
