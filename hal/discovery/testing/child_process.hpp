// Forked children that the test kills.
#pragma once

#include <sys/types.h>

#include <functional>

namespace hal::discovery::testing {

/// A child that SIGKILL ends, at the latest in the destructor.
class ChildProcess {
 public:
  /// Runs `work` in a child, which then stands still. Returns when `work` has returned.
  [[nodiscard]] static ChildProcess after(const std::function<void()>& work);
  /// Runs `step` again and again in a child. Returns when the first step is done.
  [[nodiscard]] static ChildProcess repeating(const std::function<void()>& step);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess() { kill(); }

  /// SIGKILL, and waits until the process is gone.
  void kill() noexcept;

 private:
  explicit ChildProcess(pid_t id) noexcept : id_{id} {}
  pid_t id_;
};

/// Runs `work` in a child and returns its exit code: 0, unless `work` ends the child itself.
[[nodiscard]] int run_in_child(const std::function<void()>& work);

/// Forks a process that becomes `cat` with this standard input. Returns when it has: everything
/// that exec closes is closed then. It ends when the other end of its input is closed.
void start_cat(int standard_input);

}  // namespace hal::discovery::testing
