// Network: where connections come from. TcpNetwork for programs, MemoryNetwork for tests.
#pragma once

#include <hal/net/listener.hpp>
#include <hal/net/names.hpp>

#include <vector>

namespace hal::net {

/// Thread-safe if the implementation says so. Must outlive its streams and listeners.
class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  /// A listener for the coroutines of `loop`; errors as of listen_tcp.
  [[nodiscard]] virtual Result<std::unique_ptr<Listener>> listen(Loop& loop,
                                                                 const Endpoint& endpoint,
                                                                 const ListenOptions& options) = 0;

  /// A connection for the calling coroutine's loop. Each address of the host is tried in turn,
  /// within the Context's deadline. UNAVAILABLE that names the address and the reason; a stop
  /// ends it with its reason.
  [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint) = 0;

  /// The addresses of a host, at least one, in the resolver's order of preference. UNAVAILABLE
  /// for a name that is not known or cannot be looked up now; a stop ends it with its reason.
  [[nodiscard]] virtual Task<Result<std::vector<Endpoint>>> resolve(std::string host,
                                                                    std::uint16_t port) = 0;
};

/// TCP over this machine's network. Thread-safe; loops are IoLoops. Names are looked up in the
/// hosts file and by DNS (c-ares, which reads resolv.conf as the C library does), without a cache:
/// nobody is blocked, and who asks for the same name at the same time shares the answer. A changed
/// resolv.conf is read again. Other sources of names that nsswitch.conf knows (mDNS, LDAP) are not
/// asked.
class TcpNetwork final : public Network {
 public:
  explicit TcpNetwork(dns::ClientOptions names = {.order = dns::Order::kPreference})
      : names_{std::move(names)} {}

  [[nodiscard]] Result<std::unique_ptr<Listener>> listen(Loop& loop, const Endpoint& endpoint,
                                                         const ListenOptions& options) override;
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint) override;
  [[nodiscard]] Task<Result<std::vector<Endpoint>>> resolve(std::string host,
                                                            std::uint16_t port) override;

 private:
  Names names_;
};

}  // namespace hal::net
