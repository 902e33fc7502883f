// Child: a program started by `hal up`, which ends it whatever happens.
#pragma once

#include <hal/base/status.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace hal::cli {

struct Command {
  std::string name{};     ///< for messages
  std::string program{};  ///< path
  std::vector<std::string> arguments{};
  /// The whole environment.
  std::map<std::string, std::string, std::less<>> environment{};
  std::string log_path{};  ///< standard output and error go there
  /// All of its standard input; at most what a pipe holds (PIPE_BUF).
  std::string input{};
};

/// In a process group of its own, so that the terminal's Ctrl-C reaches only the parent, which
/// drains its children in order; killed by the kernel when the parent dies (PR_SET_PDEATHSIG).
/// Start and use it on one thread, which lives as long as the child. The destructor kills and
/// reaps what still runs.
class Child {
 public:
  /// kUnavailable that names the program and the system's reason.
  [[nodiscard]] static Result<Child> start(const Command& command);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// How it ended: "exit code 1", "signal 9"; nullopt while it runs. Does not wait.
  [[nodiscard]] std::optional<std::string> ended();
  /// SIGTERM: asks it to drain.
  void terminate() noexcept;

 private:
  Child(pid_t pid, std::string name) : pid_{pid}, name_{std::move(name)} {}
  void kill_and_reap() noexcept;

  pid_t pid_ = -1;
  std::string name_;
  std::optional<std::string> outcome_;
};

}  // namespace hal::cli
