// Channel: calls to one service by name. Generated clients hold one.
#pragma once

#include <hal/async/or_return.hpp>
#include <hal/base/headers.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/http2_connection.hpp>

#include <google/protobuf/message_lite.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hal::rpc {

struct ChannelOptions {
  transport::Http2Options http2{};
  /// One response message; gRPC's default everywhere.
  std::size_t message_bytes_max = 4 * 1024 * 1024;
  /// A call's deadline when neither the caller nor the call has one.
  Duration default_timeout = std::chrono::seconds{15};
  /// One attempt to connect: SYN retries beyond this are an address that does not answer.
  Duration connect_timeout = std::chrono::seconds{5};
};

/// One call's own wishes.
struct CallOptions {
  /// Metadata to send; add with rpc::add_metadata.
  Headers metadata{};
  /// From now; the Context's deadline holds as well. Unset: the channel's default_timeout, if the
  /// Context has no deadline.
  std::optional<Duration> timeout{};
  /// Where the server's metadata goes; must outlive the call. Null: nowhere.
  Headers* initial_metadata = nullptr;
  Headers* trailing_metadata = nullptr;
};

/// A cheap copyable handle, shared by all workers: each keeps connections of its own and a call
/// uses its worker's. Calls must be made on a worker of the host (a contract). Must not outlive
/// the host.
class Channel {
 public:
  /// `service` is resolved by the host's discovery when a connection is needed.
  Channel(service::Host& host, std::string service, ChannelOptions options = {});

  /// One request, one response. `path` is "/greeter.Greeter/SayHello", static storage. Errors are
  /// the server's Status, or: kUnavailable (no node, no connection, connection lost),
  /// kDeadlineExceeded, kCancelled, kResourceExhausted (response over the limit), kInternal (an
  /// answer that is no gRPC). Only a request that no server has processed is sent again.
  Task<Result<>> unary(std::string_view path, const google::protobuf::MessageLite& request,
                       google::protobuf::MessageLite& response, CallOptions options = {}) const;

  [[nodiscard]] const std::string& service() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

namespace detail {

/// For generated clients.
template <class Response, class Request>
Task<Result<Response>> call_unary(const Channel* channel, std::string_view path, Request request,
                                  CallOptions options) {
  Response response;
  co_await or_return(channel->unary(path, request, response, std::move(options)));
  co_return response;
}

}  // namespace detail
}  // namespace hal::rpc
