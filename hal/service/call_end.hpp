// CallEnd: the end of a client's call whose response has a body that comes after the layers ran.
#pragma once

#include <hal/base/status.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace hal::service {

/// What layers want done when the body has ended. Goes with the body to whoever reads it; lives on
/// the call's worker.
class CallEnd {
 public:
  using Function = std::move_only_function<void(const Status& outcome)>;

  CallEnd() = default;
  CallEnd(CallEnd&& other) noexcept : functions_{std::exchange(other.functions_, {})} {}
  CallEnd& operator=(CallEnd&& other) noexcept {
    if (this == &other) return *this;
    finish({});
    functions_ = std::exchange(other.functions_, {});
    return *this;
  }
  /// A reader that leaves early has what it wanted: that is no failure.
  ~CallEnd() { finish({}); }

  /// `function` runs once: OK at the end of the body or when its reader leaves, else why it broke
  /// off. It must not throw.
  void add(Function function) { functions_.push_back(std::move(function)); }
  /// The first outcome counts.
  void finish(const Status& outcome) noexcept {
    for (auto& function : std::exchange(functions_, {})) function(outcome);
  }

 private:
  std::vector<Function> functions_;
};

}  // namespace hal::service
