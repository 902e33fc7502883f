// Channel: calls to one service by name. Generated clients hold one.
#pragma once

#include <hal/async/backoff.hpp>
#include <hal/async/or_return.hpp>
#include <hal/base/headers.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/retry_budget.hpp>
#include <hal/service/host.hpp>
#include <hal/transport/http2_connection.hpp>

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hal::rpc {

/// Which of the nodes that have room gets a call.
enum class Balance : std::uint8_t {
  kLeastOfTwo,  ///< the one with fewer requests in flight of two random ones
  kRoundRobin,  ///< one after the other, whatever they have to do
};

struct ChannelOptions {
  transport::Http2Options http2{};
  /// Set: TLS; servers are verified unless this says something else. "h2" is offered, whatever
  /// `alpn` holds. A mistake in it is kInvalidArgument of each call.
  std::optional<net::TlsClientOptions> tls{};
  /// What the servers' certificates must be for. Empty: the service's name.
  std::string tls_name{};
  /// One response message; gRPC's default everywhere.
  std::size_t message_bytes_max = 4 * 1024 * 1024;
  /// A call's deadline when neither the caller nor the call has one.
  Duration default_timeout = std::chrono::seconds{15};
  /// One attempt to connect, and to learn the server's HTTP/2 settings: SYN retries beyond this
  /// are an address that does not answer.
  Duration connect_timeout = std::chrono::seconds{5};
  /// A node that cannot be reached is left out for so long. Tests and loopback may take less.
  BackoffOptions backoff{};
  /// A used channel asks the registry so often what nodes there are: a new one gets its part of
  /// the calls after at most this time.
  Duration resolve_interval = std::chrono::seconds{5};
  /// Between two questions to the registry, whatever happens: lost connections and failing calls
  /// ask as well.
  Duration resolve_gap = std::chrono::milliseconds{100};
  /// Of one worker to one service: a random choice of them when there are more.
  std::size_t nodes_max = 64;
  /// Of one worker to one node; the second is made when the first has all streams it may have.
  std::size_t connections_per_node_max = 4;
  /// Calls of one worker that wait for a connection or for a stream on one; beyond it
  /// kResourceExhausted at once.
  std::size_t waiting_max = 16 * 1024;
  Balance balance = Balance::kLeastOfTwo;
  RetryOptions retry{};
  /// Set: around each call in place of the host's client layers. A service's own errands, no part
  /// of any request, have layers::UntracedCall alone.
  std::optional<service::Layers> layers{};
  /// Every call of this channel is safe to send again: see CallOptions::idempotent.
  bool idempotent = false;
  /// For tests: the choice of nodes and all jitter become repeatable. Unset: random.
  std::optional<std::uint32_t> seed{};
};

/// One call's own wishes.
struct CallOptions {
  /// Metadata to send; add with rpc::add_metadata.
  Headers metadata{};
  /// From now; the Context's deadline holds as well. Unset: the channel's default_timeout, if the
  /// Context has no deadline.
  std::optional<Duration> timeout{};
  /// How both messages are written. kJson is for servers that take application/grpc+json, as ours
  /// do and go-micro's.
  Codec codec = Codec::kProto;
  /// A server may process the call more than once: what ends with kUnavailable is sent again, to
  /// another node if there is one, within the deadline and RetryOptions.
  bool idempotent = false;
  /// With no node that can be reached: wait for one until the deadline, instead of failing at once
  /// (gRPC's wait-for-ready.md).
  bool wait_for_ready = false;
  /// Where the server's metadata goes; must outlive the call. Null: nowhere.
  Headers* initial_metadata = nullptr;
  Headers* trailing_metadata = nullptr;
  /// Where the details of a failure go, as the server sent them (grpc-status-details-bin): a
  /// google.rpc.Status message in bytes. Must outlive the call. Null: nowhere.
  std::string* status_details = nullptr;
};

/// A cheap copyable handle, shared by all workers: each keeps connections of its own and a call
/// uses its worker's. Calls must be made on a worker of the host (a contract). Must not outlive
/// the host.
class Channel {
 public:
  /// `service` is resolved by the host's discovery from the first call on.
  Channel(service::Host& host, std::string service, ChannelOptions options = {});

  /// One request, one response. `path` is "/greeter.Greeter/SayHello", static storage. Errors are
  /// the server's Status, or: kUnavailable (no node, no connection or one that is not trusted,
  /// connection lost),
  /// kDeadlineExceeded, kCancelled, kResourceExhausted (response over the limit, too many calls
  /// wait), kInternal (an answer that is no gRPC). A request that no server has processed is sent
  /// again, and one that is idempotent; no other.
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
