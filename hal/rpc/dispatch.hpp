// Dispatcher: from the path of a request to the method that serves it.
#pragma once

#include <hal/rpc/service.hpp>

#include <string>
#include <unordered_map>
#include <vector>

namespace hal::rpc {

/// Filled before the server starts, read by all workers afterwards.
class Dispatcher {
 public:
  struct Target {
    Service* service = nullptr;
    const Method* method = nullptr;
    std::string_view path{};  ///< "/greeter.Greeter/SayHello", as long as the dispatcher
  };

  /// A second service of the same name is a contract failure.
  void add(Service& service);
  [[nodiscard]] const std::vector<Service*>& services() const noexcept { return services_; }
  [[nodiscard]] bool has(std::string_view full_name) const noexcept;
  /// "Greeter.SayHello" for each method: what go-micro's registry calls an endpoint.
  [[nodiscard]] std::vector<std::string> endpoints() const;
  /// From now on the services that are there answer to "/<prefix>.Greeter/SayHello" as well, for
  /// each of these prefixes ("*": for any, and for none), as go-micro calls them by the name of
  /// their process. Not those whose bare names are the same: it would not be sure which is meant.
  /// No more than is asked for: a mesh allows calls by their paths.
  void allow_aliases(std::vector<std::string> prefixes);
  /// "/greeter.Greeter/SayHello", or an alias. kUnimplemented that tells an unknown service from an
  /// unknown method, in grpc-go's words; kUnimplemented for a path of another form, too.
  [[nodiscard]] Result<Target> find(std::string_view path) const;

 private:
  [[nodiscard]] const Target* find_alias(std::string_view service, std::string_view method) const;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using ByPath = std::unordered_map<std::string, Target, Hash, std::equal_to<>>;
  ByPath methods_;
  ByPath bare_methods_;  // "Greeter/SayHello"
  std::vector<std::string> prefixes_;
  std::vector<Service*> services_;
};

}  // namespace hal::rpc
