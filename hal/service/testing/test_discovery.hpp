// A registry for tests: a list that the test fills.
#pragma once

#include <hal/service/discovery.hpp>

#include <string_view>

namespace hal::service::testing {

/// Not thread-safe.
class TestDiscovery final : public Discovery {
 public:
  /// Makes a node known without a coroutine; its id is "<service>-<n>".
  void put(std::string service, std::string address,
           std::map<std::string, std::string> metadata = {});

  /// kNotFound that names the services known; what fail_with() says.
  Task<Result<std::vector<Node>>> resolve(std::string service) override;
  Task<Result<std::vector<Node>>> list() override;
  Task<Result<>> add(Node node) override;
  Task<Result<>> remove(std::string id) override;
  [[nodiscard]] Subscription subscribe(const std::string& service,
                                       std::function<void()> changed) override;
  /// From now on resolve() fails with this; OK: it does not.
  void fail_with(Status failure) { failure_ = std::move(failure); }
  /// Tells who subscribed to the service.
  void tell(const std::string& service) const;
  [[nodiscard]] std::string_view name() const noexcept override { return "test"; }

  [[nodiscard]] const std::vector<Node>& nodes() const noexcept { return nodes_; }

 private:
  std::vector<Node> nodes_;
  unsigned ids_ = 0;
  Status failure_{};
  std::vector<std::pair<std::string, std::weak_ptr<std::function<void()>>>> subscribed_;
};

}  // namespace hal::service::testing
