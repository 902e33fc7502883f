// Registration: this process's nodes as labels and annotations of its own pod.
#pragma once

#include <hal/async/backoff.hpp>
#include <hal/async/deadline.hpp>
#include <hal/discovery/kubernetes/api_client.hpp>
#include <hal/discovery/nodes.hpp>

#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery::kubernetes {

/// The strategic merge patch that go-micro 1.18 sends: labels micro.mu/type and
/// micro.mu/selector-<service>, annotation micro.mu/service-<service> with node_json's document.
/// `nodes` are all of one service and version. INVALID_ARGUMENT for a service whose label would be
/// none: more than 54 bytes (63 less "selector-"), or ending in '-', '_' or '.'; and as of to_json.
[[nodiscard]] Result<std::string> register_patch(std::span<const service::Node> nodes,
                                                 const NodeLimits& limits = {});
/// The patch that takes both away. micro.mu/type stays while the process has `others`, further
/// services; else it goes, too, other than with go-micro: to a watch by that label the pod is then
/// deleted, with the annotations it had. go-micro's clients take that for what it is. A pod that
/// merely loses an annotation they take for another one if it was there before they were.
[[nodiscard]] std::string deregister_patch(std::string_view service, std::size_t others);

struct RegistrationOptions {
  std::string ns{};
  std::string pod{};  ///< its name; empty: not in a pod, so that there is nothing to register on
  /// Registers anew so often (go-micro's MICRO_REGISTER_INTERVAL), moved by up to a fifth, in case
  /// somebody has taken the labels away. A patch that changes nothing is no event for anybody.
  Duration interval = std::chrono::seconds{30};
  /// After a failure, instead, on top of what the server itself asks for (Retry-After).
  BackoffOptions backoff{.base = std::chrono::seconds{1}, .max = std::chrono::seconds{15}};
  Duration patch_timeout = std::chrono::seconds{5};
  /// A process that ends has 5 s for remove(), and a connection may have died in silence. So the
  /// patch of a heartbeat is waited for so long,
  Duration heartbeat_patience = std::chrono::seconds{1};
  /// and the first of two attempts to remove has so long; the second goes by a new connection.
  Duration first_removal_timeout = std::chrono::milliseconds{1500};
  NodeLimits limits{};
};

/// On one loop; not thread-safe.
class Registration {
 public:
  /// `client` must outlive it.
  Registration(ApiClient& client, RegistrationOptions options);

  /// Registers the node; one of the same id is replaced. While the API server cannot be asked that
  /// is OK too: keep() registers it later, and the log says so. INVALID_ARGUMENT as of
  /// register_patch, and for two versions of one service in a process; PERMISSION_DENIED, NOT_FOUND
  /// as of ApiClient: then it is not kept.
  Task<Result<>> add(service::Node node);
  /// Errors as of ApiClient; the node is forgotten in any case. OK for an id that is not there.
  /// Comes before all that registers: a patch that hangs is given up for it.
  Task<Result<>> remove(std::string id);
  /// Registers again and again, until it is stopped.
  Task<> keep();

 private:
  class Turn;
  class Removal;
  enum class Purpose : std::uint8_t { kRegister, kRemove };
  Task<Result<>> send(std::string service, Purpose purpose, Duration time);
  Task<> interrupt();
  Task<Result<>> send_all();
  [[nodiscard]] std::vector<service::Node> nodes_of(std::string_view service) const;

  ApiClient& client_;
  const RegistrationOptions options_;
  std::vector<service::Node> nodes_;
  std::minstd_rand random_{std::random_device{}()};
  WaitQueue free_;  // for the next patch: two at once could overtake each other
  DeadlineContext* registering_ = nullptr;  // the patch under way, if it may be given up
  int removing_ = 0;
  WaitQueue changed_;  // there is something to send sooner
  Duration wished_{};  // by the server, before the next attempt
  bool busy_ = false;
  bool failing_ = false;
};

}  // namespace hal::discovery::kubernetes
