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
  };

  /// A second service of the same name is a contract failure.
  void add(Service& service);
  [[nodiscard]] const std::vector<Service*>& services() const noexcept { return services_; }
  [[nodiscard]] bool has(std::string_view full_name) const noexcept;
  /// "Greeter.SayHello" for each method: what go-micro's registry calls an endpoint.
  [[nodiscard]] std::vector<std::string> endpoints() const;
  /// "/greeter.Greeter/SayHello". kUnimplemented that tells an unknown service from an unknown
  /// method, in grpc-go's words; kUnimplemented for a path of another form, too.
  [[nodiscard]] Result<Target> find(std::string_view path) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Target, Hash, std::equal_to<>> methods_;  // by path
  std::vector<Service*> services_;
};

}  // namespace hal::rpc
