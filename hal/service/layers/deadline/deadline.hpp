// Deadline: no request runs for ever.
#pragma once

#include <hal/service/layer.hpp>

#include <chrono>

namespace hal::layers {

struct DeadlineOptions {
  /// HTTP requests: longer than any answer a person waits for.
  Duration http_default = std::chrono::seconds{30};
  /// RPCs whose caller gives no grpc-timeout: below the edge's, so that the edge can still answer.
  Duration rpc_default = std::chrono::seconds{15};
  /// What a caller may ask for at most.
  Duration max = std::chrono::hours{1};
};

/// Configures the Deadline layer that every server has, for the routes of one router:
/// `router.layer(layers::Deadline{.timeout = 10min})`.
struct Deadline {
  static constexpr Duration kNever = Duration::max();
  /// Instead of DeadlineOptions' default, and not bounded by its max; kNever: a request may take as
  /// long as its client stays.
  Duration timeout = kNever;
};

/// Server side: runs the call under the caller's deadline, else the route's, else the default. When
/// it has passed, what the handler waits for ends with DEADLINE_EXCEEDED, and calls made inside
/// inherit it. A streaming call has the caller's deadline alone: a watch may last for days.
class ServerDeadline final : public service::Layer {
 public:
  explicit ServerDeadline(DeadlineOptions options = {}) : options_{options} {}
  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  [[nodiscard]] Duration timeout_of(const service::Call& call) const;

  const DeadlineOptions options_;
};

}  // namespace hal::layers
