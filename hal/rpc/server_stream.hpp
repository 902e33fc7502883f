// The server's side of one call, for all four call kinds: messages in, messages out.
#pragma once

#include <hal/rpc/message.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/service/call.hpp>
#include <hal/transport/http2_stream.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::rpc {

/// Belongs to the call's loop; not thread-safe. Outlives the user's method.
class ServerStream {
 public:
  ServerStream(transport::Http2Stream& stream, std::size_t message_bytes_max,
               Codec codec = Codec::kProto);

  /// The next message; false at the end of the client's messages. kResourceExhausted over the
  /// limit, kInternal for bytes that are no such message, kCancelled when the client went. The
  /// client may send about a window's bytes more than what has been read.
  Task<Result<bool>> read(google::protobuf::MessageLite& message);
  /// The one message of a unary or server-streaming call; kInternal when it is missing or not the
  /// only one (grpc/grpc doc/statuscodes.md, "cardinality violation").
  Task<Result<>> read_only(google::protobuf::MessageLite& message);
  /// The same message as it came, in the form of codec().
  Task<Result<>> read_only_bytes(std::string& bytes);
  [[nodiscard]] Codec codec() const noexcept { return codec_; }

  /// Queues one message; the headers go out before the first. kInternal when it cannot be
  /// serialized, kUnavailable when the client is gone, kResourceExhausted when the initial metadata
  /// is more than this side or the client allows.
  [[nodiscard]] Result<> write(const google::protobuf::MessageLite& message);
  /// Waits until the client has taken enough to write more.
  Task<Result<>> writable() { return stream_.sendable(); }

  /// Metadata the client sent, reserved names and pseudo headers included.
  [[nodiscard]] const Headers& request_metadata() const noexcept { return stream_.headers(); }
  /// Sent with the first message, or with the status when there is none.
  [[nodiscard]] Headers& initial_metadata() noexcept { return initial_metadata_; }
  [[nodiscard]] Headers& trailing_metadata() noexcept { return trailing_metadata_; }

  /// Ends the call: trailers with the status. Metadata or a message over the limits of this side or
  /// the client are left out: the client gets RESOURCE_EXHAUSTED instead. For the server.
  [[nodiscard]] Result<> finish(const Status& status);

 private:
  template <class Take>
  Task<Result<>> read_only_into(Take take);
  [[nodiscard]] Headers response_headers(const Headers& metadata) const;
  Result<> send_headers();

  transport::Http2Stream& stream_;
  const Codec codec_;
  wire::grpc::MessageReader reader_;
  Headers initial_metadata_;
  Headers trailing_metadata_;
  bool headers_sent_ = false;
};

/// The call that the running method serves: for its metadata. `auto& call = co_await
/// rpc::server_call()`. Precondition: inside a method of a Service, on its own coroutines.
class ServerCall : public service::Call {
 public:
  explicit ServerCall(ServerStream& stream) noexcept : stream_{stream} {}
  /// The first value of a key the client sent; values of "-bin" keys are decoded.
  [[nodiscard]] std::optional<std::string> metadata(std::string_view key) const {
    return metadata_value(stream_.request_metadata(), key);
  }
  /// Sent before the first message. kInvalidArgument for a reserved or malformed key or value.
  [[nodiscard]] Result<> add_initial_metadata(std::string_view key, std::string_view value) {
    return add_metadata(key, value, stream_.initial_metadata());
  }
  /// Sent with the status.
  [[nodiscard]] Result<> add_trailing_metadata(std::string_view key, std::string_view value) {
    return add_metadata(key, value, stream_.trailing_metadata());
  }

 private:
  ServerStream& stream_;
};

[[nodiscard]] inline auto server_call() noexcept {
  struct Awaiter {
    ServerCall* call = nullptr;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>, Context& context) noexcept {
      expects(context.call != nullptr && context.call->protocol == service::Protocol::kGrpc,
              "server_call is awaited in a method of a Service");
      call = static_cast<ServerCall*>(context.call);
      return false;
    }
    [[nodiscard]] ServerCall& await_resume() const noexcept { return *call; }
  };
  return Awaiter{};
}

}  // namespace hal::rpc
