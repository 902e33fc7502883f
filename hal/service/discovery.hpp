// Discovery: how services find each other. Backends live in the discovery module.
#pragma once

#include <hal/async/task.hpp>
#include <hal/base/status.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hal::service {

struct Worker;

/// One running instance of a service, as go-micro's registry describes it.
struct Node {
  std::string id;       ///< unique: "<service>-<uuid>"
  std::string address;  ///< "host:port"
  std::string service;
  std::string version;
  std::map<std::string, std::string> metadata;
  /// What it serves: "Greeter.SayHello" of a gRPC server, "/api/v1/hello/:id" of an HTTP server.
  std::vector<std::string> endpoints{};
  friend bool operator==(const Node&, const Node&) = default;
};

/// As long as it lives, the function it was made with may be called. May be null.
using Subscription = std::shared_ptr<void>;

/// Thread-safe; functions run on the caller's loop and must keep its Context's deadline.
class Discovery {
 public:
  virtual ~Discovery() = default;

  /// Where the registry's long-lived work (connections, heartbeats) runs: in the background scope
  /// of `worker`. Called once, by whoever owns the workers, before all else but name(); the
  /// registry must outlive that scope. For those that have no such work it does nothing.
  virtual void start(const Worker& /*worker*/) {}

  /// The nodes of a service, at least one. kNotFound when there is none, kUnavailable when the
  /// registry cannot be asked; the message names the registry, and the services it knows.
  virtual Task<Result<std::vector<Node>>> resolve(std::string service) = 0;

  /// All nodes of all services, ordered by service and id; empty for a backend that cannot list.
  virtual Task<Result<std::vector<Node>>> list() = 0;

  /// Makes a node known until remove() or the end of the process; the same id again replaces it.
  /// kInvalidArgument for a node that the registry cannot hold, kUnavailable when it cannot be
  /// written to.
  virtual Task<Result<>> add(Node node) = 0;
  /// OK for an id that is not registered. kUnavailable when the registry cannot be written to.
  virtual Task<Result<>> remove(std::string id) = 0;

  /// Calls `changed`, on any thread, when resolve(service) may give another answer than before.
  /// Null, and no call, of a registry that does not know by itself: it has to be asked again.
  [[nodiscard]] virtual Subscription subscribe(const std::string& /*service*/,
                                               std::function<void()> /*changed*/) {
    return nullptr;
  }

  /// The host under which others reach a server of this process that is bound to all addresses.
  [[nodiscard]] virtual std::string advertised_host() const { return "127.0.0.1"; }

  /// "local", "static": for messages.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

}  // namespace hal::service
