// The registry that lives on pods, in go-micro 1.18's format.
#pragma once

#include <hal/discovery/kubernetes/pods.hpp>
#include <hal/discovery/kubernetes/registration.hpp>
#include <hal/discovery/kubernetes/watched_registry.hpp>

#include <optional>

namespace hal::discovery {

struct KubernetesOptions {
  kubernetes::WatchedOptions watched{};
  kubernetes::RegistrationOptions registration{};
  std::string host{};  ///< under which this pod is reached
  /// Where nodes of others may be.
  kubernetes::Addresses addresses = kubernetes::Addresses::kPods;
  /// Of list(), and of the names in a message.
  Duration list_timeout = std::chrono::seconds{5};
  Duration names_timeout = std::chrono::seconds{1};
  Duration names_interval = std::chrono::seconds{10};  ///< between two LISTs for a message
};

/// Beside real go-micro services: finds them, is found by them. Needs the verbs list, watch and
/// patch on pods of its namespace. A name "k8s://namespace/service[:port]" is a Service that is not
/// go-micro's, as of EndpointSliceDiscovery. Thread-safe.
class KubernetesDiscovery final : public kubernetes::WatchedRegistry {
 public:
  /// `network` must outlive it.
  KubernetesDiscovery(net::Network& network, KubernetesOptions options);
  ~KubernetesDiscovery() override;

  void start(const service::Worker& worker) override;
  /// All services of the namespace, asked anew. UNAVAILABLE as of ApiClient, within list_timeout.
  Task<Result<std::vector<service::Node>>> list() override;
  /// As Registration::add and remove.
  Task<Result<>> add(service::Node node) override;
  Task<Result<>> remove(std::string id) override;
  [[nodiscard]] std::string advertised_host() const override { return options_.host; }
  [[nodiscard]] std::string_view name() const noexcept override { return "kubernetes"; }

 protected:
  Result<kubernetes::Resource> resource_of(const std::string& service) const override;
  Task<std::string> known_names() override;

 private:
  using Nodes = std::vector<service::Node>;
  [[nodiscard]] kubernetes::Resource pods(std::string_view service) const;
  static Task<Result<Nodes>> list_there(KubernetesDiscovery* self);
  static Task<Result<std::string>> names_there(KubernetesDiscovery* self);
  static Task<> ask_names(KubernetesDiscovery* self);
  static Task<Result<>> add_there(KubernetesDiscovery* self, service::Node node);
  static Task<Result<>> remove_there(KubernetesDiscovery* self, std::string id);
  static Task<> keep(KubernetesDiscovery* self);

  const KubernetesOptions options_;
  std::optional<kubernetes::Registration> registration_;  // the home worker's, as all below
  bool keeping_ = false;
  std::string names_;
  std::optional<TimePoint> named_at_;  // when they were asked for last, well or not
  bool naming_ = false;
  WaitQueue named_;
};

/// POD_NAME (downward API), else HOSTNAME, which is wrong with hostNetwork or spec.hostname.
[[nodiscard]] std::string pod_name(const config::Environment& environment);

/// POD_IP, else the first address of this machine's interfaces: a private one (RFC 1918, RFC 6598,
/// RFC 4193) before a public one before loopback, as go-micro does it.
[[nodiscard]] std::string pod_host(const config::Environment& environment);

}  // namespace hal::discovery
