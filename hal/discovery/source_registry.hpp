// SourceRegistry: what the registries that learn of changes by themselves have in common.
#pragma once

#include <hal/discovery/node_source.hpp>
#include <hal/service/host.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace hal::discovery {

/// One source per name, begun by the first resolve() of it, shared by all channels and workers. It
/// lives on the worker of start(), and answers come from what it knows: a name that is known needs
/// no request, and a server that is away changes nothing.
class SourceRegistry : public service::Discovery {
 public:
  /// Names at once, for as long as the process runs: one for each service that it calls.
  static constexpr std::size_t kNamesMax = 256;

  void start(const service::Worker& worker) override;
  /// NOT_FOUND without a node; UNAVAILABLE when nobody could be asked for the first answer;
  /// INVALID_ARGUMENT for a name that can be none; RESOURCE_EXHAUSTED for a name too many.
  Task<Result<std::vector<service::Node>>> resolve(std::string service) override;
  [[nodiscard]] service::Subscription subscribe(const std::string& service,
                                                std::function<void()> changed) override;

 protected:
  /// A new source for a name; INVALID_ARGUMENT for one that can be none.
  [[nodiscard]] virtual Result<std::shared_ptr<NodeSource>> source_of(
      const std::string& service) = 0;
  /// For messages: "the kubernetes registry (namespace devel)".
  [[nodiscard]] virtual std::string where() const = 0;
  /// Of a name without a node: what else there is. "; it knows: a, b", or "".
  virtual Task<std::string> known_names();

  /// Precondition: start() has been called.
  [[nodiscard]] const service::Worker& home() const;

 private:
  Result<std::shared_ptr<NodeSource>> find(const std::string& service);

  const service::Worker* home_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<NodeSource>, std::less<>> sources_;
};

}  // namespace hal::discovery
