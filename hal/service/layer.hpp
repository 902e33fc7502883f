// Layer: one concern around every call (traces, deadlines, access log...), outermost first.
#pragma once

#include <hal/async/task.hpp>
#include <hal/service/call.hpp>

#include <memory>
#include <span>
#include <vector>

namespace hal::service {

class Next;

/// One concern around calls. Shared by all workers: handle() must be thread-safe.
class Layer {
 public:
  virtual ~Layer() = default;
  /// Does its work around `co_await next(call)`; leaves it out to answer the call itself (then it
  /// sets call.status). Failures of the call are in call.status and call.http_status. An exception
  /// goes through the layers outside of this one; the server's Panic makes INTERNAL of it.
  virtual Task<> handle(Call& call, Next next) const = 0;
};

/// What the innermost layer calls: sends the request, or runs the user's handler.
class Terminal {
 public:
  /// Sets call.status, and call.http_status of an HTTP call.
  virtual Task<> run(Call& call) = 0;

 protected:
  ~Terminal() = default;
};

using LayerPtr = std::shared_ptr<const Layer>;
using Layers = std::vector<LayerPtr>;

/// The rest of the way to the handler. A small value; valid while the call runs.
class Next {
 public:
  Next(std::span<const LayerPtr> layers, Terminal& terminal) noexcept
      : layers_{layers}, terminal_{&terminal} {}

  [[nodiscard]] Task<> operator()(Call& call) const {
    if (layers_.empty()) return terminal_->run(call);
    return layers_.front()->handle(call, Next{layers_.subspan(1), *terminal_});
  }

 private:
  std::span<const LayerPtr> layers_;
  Terminal* terminal_;
};

}  // namespace hal::service
