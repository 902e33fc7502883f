#include <hal/rpc/server_stream.hpp>

#include <hal/async/or_return.hpp>
#include <hal/rpc/message.hpp>

namespace hal::rpc {

ServerStream::ServerStream(transport::Http2Stream& stream, std::size_t message_bytes_max)
    : stream_{stream},
      reader_{{.max_bytes = message_bytes_max,
               .encoding = std::string{stream.headers().get("grpc-encoding").value_or("")}}} {}

Task<Result<bool>> ServerStream::read(google::protobuf::MessageLite& message) {
  for (;;) {
    if (stream_.has_data()) reader_.put(stream_.take_data());
    auto bytes = co_await or_return(reader_.next());
    if (bytes) {
      co_await or_return(parse_message(*bytes, message));
      co_return true;
    }
    if (stream_.has_data()) continue;
    if (stream_.ended()) {
      co_await or_return(reader_.finish());
      co_return false;
    }
    if (!stream_.failure().ok()) co_return error(Code::kCancelled, stream_.failure().message());
    co_await or_return(co_await stream_.changed());
  }
}

Task<Result<>> ServerStream::read_only(google::protobuf::MessageLite& message) {
  if (!co_await or_return(read(message))) {
    co_return error(Code::kInternal, "the request message is missing");
  }
  // A second message is refused without being read into memory as one.
  for (;;) {
    if (stream_.has_data()) reader_.put(stream_.take_data());
    if (co_await or_return(reader_.next())) {
      co_return error(Code::kInternal, "more than one request message for a unary call");
    }
    if (stream_.ended()) break;
    if (!stream_.failure().ok()) co_return error(Code::kCancelled, stream_.failure().message());
    co_await or_return(co_await stream_.changed());
  }
  co_return reader_.finish();
}

Result<> ServerStream::send_headers() {
  if (headers_sent_) return {};
  headers_sent_ = true;
  Headers headers{{":status", "200"}, {"content-type", "application/grpc"}};
  copy_metadata(initial_metadata_, headers);
  return stream_.respond(headers, false);
}

Result<> ServerStream::write(const google::protobuf::MessageLite& message) {
  auto framed = frame_message(message);
  if (!framed) return error(std::move(framed.error()));
  if (auto sent = send_headers(); !sent) return sent;
  return stream_.send(std::move(*framed), false);
}

Result<> ServerStream::finish(const Status& status) {
  Headers trailers;
  if (!headers_sent_) {
    trailers.add(":status", "200");
    trailers.add("content-type", "application/grpc");
    copy_metadata(initial_metadata_, trailers);
  }
  add_status(status, trailers);
  copy_metadata(trailing_metadata_, trailers);
  return stream_.send_trailers(trailers);
}

}  // namespace hal::rpc
