// DnsClient: questions to DNS servers that block nobody.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/status.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hal::discovery::dns {

struct Addresses {
  std::vector<std::string> hosts{};  ///< IPv4 before IPv6, as text
  std::chrono::seconds ttl{};        ///< the shortest of them
};

/// One record of SRV (RFC 2782).
struct Target {
  std::uint16_t priority = 0;
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Target&, const Target&) = default;
};
struct Targets {
  std::vector<Target> targets{};
  std::chrono::seconds ttl{};
};

struct ClientOptions {
  /// "127.0.0.1:53,[::1]:53"; empty: the system's (/etc/resolv.conf, read once).
  std::string servers{};
  /// Of the first attempt; each further one takes longer.
  std::chrono::milliseconds timeout{2000};
  int tries = 2;
  /// Questions under way and waiting; more are RESOURCE_EXHAUSTED.
  std::size_t questions_max = 1024;
};

/// c-ares on a thread of its own. Thread-safe; must outlive its questions.
class Client {
 public:
  /// UNAVAILABLE when the system refuses a thread or descriptors; INVALID_ARGUMENT for servers that
  /// are none.
  [[nodiscard]] static Result<std::unique_ptr<Client>> make(ClientOptions options = {});
  /// Questions under way end with CANCELLED.
  ~Client();

  /// A and AAAA of a name, by the search list and the hosts file as well. NOT_FOUND: there is no
  /// such name, or it has no address; UNAVAILABLE: no server has answered, or it could not.
  Task<Result<Addresses>> addresses(std::string name);
  /// SRV of a name, ordered by priority. Errors as above.
  Task<Result<Targets>> targets(std::string name);

 private:
  class Resolver;
  explicit Client(std::unique_ptr<Resolver> resolver);
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace hal::discovery::dns
