#include <hal/rpc/server_stream.hpp>

#include <hal/async/or_return.hpp>

namespace hal::rpc {
ServerStream::ServerStream(transport::Http2Stream& stream, std::size_t message_bytes_max,
                           Codec codec)
    : stream_{stream},
      codec_{codec},
      reader_{{.max_bytes = message_bytes_max,
               .encoding = std::string{stream.headers().get("grpc-encoding").value_or("")}}} {}

Task<Result<bool>> ServerStream::read(google::protobuf::MessageLite& message) {
  for (;;) {
    auto bytes = co_await or_return(reader_.next());
    if (bytes) {
      co_await or_return(parse_message(*bytes, message, codec_));
      co_return true;
    }
    // Not before the messages at hand are taken: flow control then holds a faster client back.
    if (stream_.has_data()) {
      reader_.put(stream_.take_data());
      continue;
    }
    if (stream_.ended()) {
      co_await or_return(reader_.finish());
      co_return false;
    }
    if (!stream_.failure().ok()) co_return error(Code::kCancelled, stream_.failure().message());
    co_await or_return(co_await stream_.changed());
  }
}

template <class Take>
Task<Result<>> ServerStream::read_only_into(Take take) {
  bool found = false;
  for (;;) {
    if (stream_.has_data()) reader_.put(stream_.take_data());
    while (auto bytes = co_await or_return(reader_.next())) {
      if (found) co_return error(Code::kInternal, "more than one request message for a unary call");
      co_await or_return(take(std::move(*bytes)));
      found = true;
    }
    if (stream_.ended()) break;
    if (!stream_.failure().ok()) co_return error(Code::kCancelled, stream_.failure().message());
    co_await or_return(co_await stream_.changed());
  }
  co_await or_return(reader_.finish());
  if (!found) co_return error(Code::kInternal, "the request message is missing");
  co_return Result<>{};
}

Task<Result<>> ServerStream::read_only(google::protobuf::MessageLite& message) {
  return read_only_into(
      [this, &message](std::string bytes) { return parse_message(bytes, message, codec_); });
}

Task<Result<>> ServerStream::read_only_bytes(std::string& bytes) {
  return read_only_into([&bytes](std::string taken) {
    bytes = std::move(taken);
    return Result<>{};
  });
}

Headers ServerStream::response_headers(const Headers& metadata) const {
  Headers headers;
  headers.reserve(5 + metadata.size(), 128 + metadata.byte_size());
  headers.add(":status", "200");
  headers.add("content-type", content_type_of(codec_));
  // A client that compresses in another way is told what it may use (PROTOCOL-HTTP2.md).
  if (!reader_.knows_encoding()) {
    headers.add("grpc-accept-encoding", wire::grpc::MessageReader::kEncodings);
  }
  copy_metadata(metadata, headers);
  return headers;
}

Result<> ServerStream::send_headers() {
  if (headers_sent_) return {};
  auto sent = stream_.respond(response_headers(initial_metadata_), false);
  headers_sent_ = sent.has_value();
  return sent;
}

Result<> ServerStream::write(const google::protobuf::MessageLite& message) {
  auto framed = frame_message(message, codec_);
  if (!framed) return error(std::move(framed.error()));
  if (auto sent = send_headers(); !sent) return sent;
  return stream_.send(std::move(*framed), false);
}

Result<> ServerStream::finish(const Status& status) {
  Headers trailers;
  if (!headers_sent_) {
    trailers = response_headers(initial_metadata_);
  } else {
    trailers.reserve(2 + trailing_metadata_.size(), 64 + trailing_metadata_.byte_size());
  }
  add_status(status, trailers);
  copy_metadata(trailing_metadata_, trailers);
  auto sent = stream_.send_trailers(trailers);
  if (sent || sent.error().code() != Code::kResourceExhausted) return sent;
  Headers short_trailers = headers_sent_ ? Headers{} : response_headers({});
  add_status(sent.error().with_prefix("the answer's metadata and status"), short_trailers);
  return stream_.send_trailers(short_trailers);
}

}  // namespace hal::rpc
