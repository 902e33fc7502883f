// Discovery: how services find each other. Backends live in the discovery module.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/status.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hal::service {

/// One running instance of a service, as go-micro's registry describes it.
struct Node {
  std::string id;       ///< unique: "<service>-<uuid>"
  std::string address;  ///< "host:port"
  std::string service;
  std::string version;
  std::map<std::string, std::string> metadata;
  friend bool operator==(const Node&, const Node&) = default;
};

/// Thread-safe; functions run on the caller's loop and must keep its Context's deadline.
class Discovery {
 public:
  virtual ~Discovery() = default;

  /// The nodes of a service, at least one. kUnavailable when there is none, or when the registry
  /// cannot be asked; the message names the registry, and the services it knows.
  virtual Task<Result<std::vector<Node>>> resolve(std::string service) = 0;

  /// All nodes of all services, ordered by service and id; empty for a backend that cannot list.
  virtual Task<Result<std::vector<Node>>> list() = 0;

  /// Makes a node known until remove() or the end of the process; the same id again replaces it.
  /// kInvalidArgument for a node that the registry cannot hold, kUnavailable when it cannot be
  /// written to.
  virtual Task<Result<>> add(Node node) = 0;
  /// OK for an id that is not registered. kUnavailable when the registry cannot be written to.
  virtual Task<Result<>> remove(std::string id) = 0;

  /// "local", "static": for messages.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

}  // namespace hal::service
