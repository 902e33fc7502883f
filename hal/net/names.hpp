// Names: the addresses of hosts, looked up as the C library does and without a thread that waits.
#pragma once

#include <hal/net/dns/client.hpp>

#include <mutex>

namespace hal::net {

/// Begins to use descriptors and a thread with the first look-up. Thread-safe; must outlive who
/// waits.
class Names {
 public:
  explicit Names(dns::ClientOptions options) : options_{std::move(options)} {}

  /// At least one address, in the order of preference. UNAVAILABLE for a name that is not known or
  /// cannot be looked up now; the reason of a stop at once.
  Task<Result<std::vector<std::string>>> addresses(std::string host);

 private:
  /// A new one when resolv.conf has changed; the former one ends with the last who waits.
  Result<std::shared_ptr<dns::Client>> client();

  const dns::ClientOptions options_;
  std::mutex mutex_;
  std::shared_ptr<dns::Client> client_;
  std::int64_t configured_ns_ = 0;  ///< when resolv.conf was changed that client_ has read
};

}  // namespace hal::net
