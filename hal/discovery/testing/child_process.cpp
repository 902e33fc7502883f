#include <hal/discovery/testing/child_process.hpp>

#include <hal/base/contract.hpp>
#include <hal/base/file_descriptor.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

namespace hal::discovery::testing {
namespace {

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  expects(::pipe2(ends.data(), O_CLOEXEC) == 0, "the test can make a pipe");
  return {FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

pid_t fork_child() {
  const pid_t id = ::fork();
  expects(id >= 0, "the test can fork");
  return id;
}

/// Returns the child's id when it has written a byte, or closed the pipe.
template <class Work>
pid_t start(const Work& work) {
  Pipe pipe = make_pipe();
  const pid_t id = fork_child();
  if (id == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    work(pipe.write);
    ::_exit(1);
  }
  pipe.write = FileDescriptor{};
  char byte = 0;
  expects(::read(pipe.read.get(), &byte, 1) >= 0, "the test can read from its child");
  return id;
}

void say_ready(const FileDescriptor& pipe) {
  expects(::write(pipe.get(), "x", 1) == 1, "the child can write to the test");
}

}  // namespace

ChildProcess ChildProcess::after(const std::function<void()>& work) {
  return ChildProcess{start([&work](const FileDescriptor& ready) {
    work();
    say_ready(ready);
    while (true) ::pause();
  })};
}

ChildProcess ChildProcess::repeating(const std::function<void()>& step) {
  return ChildProcess{start([&step](const FileDescriptor& ready) {
    step();
    say_ready(ready);
    while (true) step();
  })};
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : id_{std::exchange(other.id_, -1)} {}

void ChildProcess::kill() noexcept {
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(std::exchange(id_, -1), nullptr, 0);
}

int run_in_child(const std::function<void()>& work) {
  const pid_t id = fork_child();
  if (id == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  expects(::waitpid(id, &status, 0) == id, "the test can wait for its child");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void start_cat(int standard_input) {
  // The sign comes from the new program, not from exec: that closes one file after the other.
  start([standard_input](const FileDescriptor& ready) {
    ::prctl(PR_SET_PDEATHSIG, 0);
    ::dup2(standard_input, STDIN_FILENO);
    ::dup2(ready.get(), STDOUT_FILENO);
    ::execlp("sh", "sh", "-c", "echo; exec cat >/dev/null", nullptr);
  });
}

}  // namespace hal::discovery::testing
