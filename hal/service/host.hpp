// Host: what a server or a client needs of the process it runs in. app::App is the real one;
// tests have service::testing::TestHost.
#pragma once

#include <hal/async/scope.hpp>
#include <hal/net/network.hpp>
#include <hal/net/tls.hpp>
#include <hal/service/discovery.hpp>
#include <hal/service/drain.hpp>
#include <hal/service/layer.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hal::service {

class Refusals;

/// Connections of the servers of one worker.
struct ConnectionCount {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
};

/// One event loop and what belongs to it. Only its own thread touches the rest.
struct Worker {
  unsigned index = 0;
  Loop* loop = nullptr;
  Drain* drain = nullptr;
  /// The loop's long-lived scope; its Context is the root of everything on this worker.
  Scope* background = nullptr;
  ConnectionCount* connections = nullptr;  ///< null: nobody counts them
};

/// What a server that has begun to listen says about itself.
struct Listening {
  Protocol protocol = Protocol::kHttp;
  net::Endpoint endpoint{};
  std::vector<std::string> endpoints{};  ///< see Node::endpoints
};

/// When a server says goodbye to a connection, so that clients resolve and balance anew.
struct ConnectionAge {
  std::chrono::milliseconds max{0};    ///< up to 10 percent more or less; zero: never
  std::chrono::milliseconds grace{0};  ///< then, what is still under way is cut; zero: never
};

/// Must outlive the servers, channels and clients made with it. Thread-safe unless it says so.
class Host {
 public:
  virtual ~Host() = default;

  [[nodiscard]] virtual net::Network& network() noexcept = 0;
  [[nodiscard]] virtual Discovery& discovery() noexcept = 0;
  /// Never empty, never changes.
  [[nodiscard]] virtual std::span<const Worker> workers() noexcept = 0;
  /// Where the process's server listens: SERVICE_HOST (empty: all addresses) and SERVICE_PORT.
  [[nodiscard]] virtual net::Endpoint listen_endpoint() const = 0;
  /// The process's name: spans, registry, aliases of RPC paths.
  [[nodiscard]] virtual std::string_view service_name() const noexcept = 0;
  /// Further names in whose place of a path its RPC services answer (HAL_RPC_ALIASES); "*": any.
  [[nodiscard]] virtual std::span<const std::string> rpc_aliases() const noexcept { return {}; }

  /// Trace, Deadline and panic-to-INTERNAL, as configured: servers and clients put them outside
  /// their own layers.
  [[nodiscard]] virtual const Layers& server_layers() const noexcept = 0;
  [[nodiscard]] virtual const Layers& client_layers() const noexcept = 0;

  /// What the configuration says of servers whose own options say nothing.
  [[nodiscard]] virtual ConnectionAge connection_age() const noexcept { return {}; }
  /// Where a server counts what it refuses by itself; null: nowhere.
  [[nodiscard]] virtual Refusals* refusals() noexcept { return nullptr; }
  /// Set: a server speaks TLS, unless its own options say how. Asked for each connection, so that a
  /// renewed certificate counts for those to come.
  [[nodiscard]] virtual std::optional<net::TlsServer> tls(Protocol /*protocol*/) { return {}; }

  /// A server listens on all workers: the process is ready, and registers itself. The error says
  /// why it cannot, and the server ends with it.
  virtual Task<Result<>> on_listening(Listening listening) = 0;
};

}  // namespace hal::service
