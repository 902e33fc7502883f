// An in-memory network: connections without sockets, for tests on any loop.
#pragma once

#include <hal/net/network.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hal::net::testing {

struct MemoryOptions {
  std::size_t buffered_bytes_max = 64 * 1024;  ///< per direction: a writer waits beyond this
  bool one_byte_at_a_time = false;             ///< each read gives one byte: finds lazy parsers
};

using StreamPair = std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>>;

/// Two ends of one connection, both for coroutines of `loop`.
[[nodiscard]] StreamPair make_stream_pair(Loop& loop, const MemoryOptions& options = {});

namespace detail {
class MemoryConnection;
class MemoryListener;
}  // namespace detail

/// All in one thread. It must outlive its listeners. Endpoints are compared by their port when the
/// listener's host is empty, else exactly.
class MemoryNetwork final : public Network {
 public:
  explicit MemoryNetwork(const MemoryOptions& options = {}) : options_{options} {}
  ~MemoryNetwork() override;

  /// ALREADY_EXISTS when another listener has the endpoint. Port 0 takes the next from 40000.
  [[nodiscard]] Result<std::unique_ptr<Listener>> listen(Loop& loop, const Endpoint& endpoint,
                                                         const ListenOptions& options) override;
  /// UNAVAILABLE when nobody listens there.
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint) override;
  /// What add_host gave; a numeric host and "localhost" is itself.
  [[nodiscard]] Task<Result<std::vector<Endpoint>>> resolve(std::string host,
                                                            std::uint16_t port) override;

  /// Makes a name known.
  void add_host(std::string name, std::vector<std::string> addresses);
  /// Connections to the port are refused, from now on or no longer.
  void refuse(std::uint16_t port, bool refused = true);
  /// Connections to the port neither succeed nor fail until the caller is stopped.
  void hang(std::uint16_t port, bool hanging = true);
  /// Both ends of each open connection to the port see a reset.
  void cut(std::uint16_t port);
  /// Connections that were made since the start.
  [[nodiscard]] std::size_t connects() const noexcept { return connects_; }

 private:
  friend class detail::MemoryListener;
  detail::MemoryListener* find(const Endpoint& endpoint) const;

  MemoryOptions options_;
  std::vector<detail::MemoryListener*> listeners_;
  std::map<std::string, std::vector<std::string>> hosts_;
  std::set<std::uint16_t> refused_;
  std::set<std::uint16_t> hanging_;
  std::vector<std::weak_ptr<detail::MemoryConnection>> connections_;
  std::size_t connects_ = 0;
  std::uint16_t next_port_ = 40000;
};

}  // namespace hal::net::testing
