#include <hal/cli/child.hpp>

#include <hal/base/contract.hpp>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hal::cli {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// In the forked child: only async-signal-safe calls (POSIX fork()).
[[noreturn]] void become(const char* program, char* const* argv, char* const* envp, int in, int log,
                         pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // the parent died before prctl
  ::dup2(in, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execve(program, argv, envp);
  ::_exit(127);
}

/// A pipe's end from which `input` can be read; -1 with errno when there is none.
int readable(std::string_view input) {
  expects(input.size() <= PIPE_BUF, "a child's input fits into a pipe");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  // An empty pipe takes so much at once (pipe(7)).
  const bool written =
      ::write(ends[1], input.data(), input.size()) == static_cast<ssize_t>(input.size());
  ::close(ends[1]);
  if (written) return ends[0];
  ::close(ends[0]);
  return -1;
}

Status cannot(std::string what) {
  return {Code::kUnavailable,
          fmt::format("cannot {}: {}", what, std::generic_category().message(errno))};
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

Result<Child> Child::start(const Command& command) {
  if (::access(command.program.c_str(), X_OK) != 0) {
    return error(Code::kUnavailable, fmt::format("{}: {}: {}", command.name, command.program,
                                                 std::generic_category().message(errno)));
  }
  const int log =
      ::open(command.log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return error(cannot("write " + command.log_path));
  const int in = readable(command.input);
  if (in < 0) {
    const Status why = cannot("make a pipe for " + command.name);
    ::close(log);
    return error(why);
  }
  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
  auto argv = pointers(words);
  auto envp = pointers(variables);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(command.program.c_str(), argv.data(), envp.data(), in, log, parent);
  const Status failure = pid < 0 ? cannot("start " + command.name) : Status{};
  ::close(in);
  ::close(log);
  if (!failure.ok()) return error(failure);
  return Child{pid, command.name};
}

Child::Child(Child&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      name_{std::move(other.name_)},
      outcome_{std::move(other.outcome_)} {}

Child& Child::operator=(Child&& other) noexcept {
  kill_and_reap();
  pid_ = std::exchange(other.pid_, -1);
  name_ = std::move(other.name_);
  outcome_ = std::move(other.outcome_);
  return *this;
}

Child::~Child() { kill_and_reap(); }

std::optional<std::string> Child::ended() {
  if (outcome_ || pid_ < 0) return outcome_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) {
    outcome_ = describe(status);
    pid_ = -1;
  }
  return outcome_;
}

void Child::terminate() noexcept {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void Child::kill_and_reap() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace hal::cli
