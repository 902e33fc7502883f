// WatchedRegistry: what the registries that ask the Kubernetes API server have in common.
#pragma once

#include <hal/discovery/kubernetes/watch.hpp>
#include <hal/service/host.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace hal::discovery::kubernetes {

struct WatchedOptions {
  ApiAccess access{};
  WatchOptions watch{};
  /// Of this machine, for hints of EndpointSlices; empty: not known, they are not looked at.
  std::string zone{};
  /// Names that are watched at once, for as long as the process runs; one for each service it
  /// calls.
  std::size_t watches_max = 256;
};

/// One watch per name, begun by the first resolve() of it, shared by all channels and workers. It
/// lives on the worker of start(), and answers come from what it knows: a name that is known needs
/// no request, and an API server that is away changes nothing.
class WatchedRegistry : public service::Discovery {
 public:
  /// `network` must outlive it.
  WatchedRegistry(net::Network& network, WatchedOptions options);
  ~WatchedRegistry() override;

  void start(const service::Worker& worker) override;
  /// UNAVAILABLE without a node, or when the API server could not be asked for the first list;
  /// INVALID_ARGUMENT for a name that can be none; RESOURCE_EXHAUSTED for a name too many.
  Task<Result<std::vector<service::Node>>> resolve(std::string service) override;
  [[nodiscard]] service::Subscription subscribe(const std::string& service,
                                                std::function<void()> changed) override;

 protected:
  /// What is watched for a name; INVALID_ARGUMENT for one that can be none.
  [[nodiscard]] virtual Result<Resource> resource_of(const std::string& service) const = 0;
  /// Of a name without a node: what else there is. "; it knows: a, b", or "".
  virtual Task<std::string> known_names() = 0;

  [[nodiscard]] ApiClient& client() noexcept { return *client_; }
  /// Precondition: start() has been called.
  [[nodiscard]] const service::Worker& home() const;
  [[nodiscard]] const WatchedOptions& options() const noexcept { return options_; }

 private:
  Result<std::shared_ptr<Watch>> watch_of(const std::string& service);

  net::Network& network_;
  const WatchedOptions options_;
  std::unique_ptr<ApiClient> client_;
  const service::Worker* home_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Watch>, std::less<>> watches_;
};

}  // namespace hal::discovery::kubernetes
