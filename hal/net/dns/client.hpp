// Client: questions to DNS servers that block nobody.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/status.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hal::net::dns {

struct Addresses {
  std::vector<std::string> hosts{};  ///< as text, ordered as ClientOptions say
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

enum class Order {
  kIpv4First,
  kPreference,  ///< RFC 6724, as getaddrinfo: addresses that have no route come last
};

struct ClientOptions {
  /// "127.0.0.1:53,[::1]:53"; empty: the system's (/etc/resolv.conf, read once).
  std::string servers{};
  /// Domains that are tried for a name with too few dots; empty: the system's.
  std::vector<std::string> search{};
  /// Of the first attempt; each further one takes longer.
  std::chrono::milliseconds timeout{2000};
  int tries = 2;
  /// Names asked for at once; more are RESOURCE_EXHAUSTED.
  std::size_t questions_max = 1024;
  Order order = Order::kIpv4First;
};

/// c-ares on a thread of its own. Who asks for a name that is asked for already shares its answer;
/// a stop ends the wait with its reason, and the question goes on for the others. Thread-safe; must
/// outlive who waits.
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

}  // namespace hal::net::dns
