#include "prompt.hpp"

#include "password.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;

/// A password of the largest size and a line break; one byte more is too much.
constexpr std::size_t kInputBytesMax = kPasswordBytesMax + 3;

/// A terminal without echo, while this lives. Signals that would end or stop the program wait, so
/// that it never leaves the terminal so.
class QuietTerminal {
 public:
  QuietTerminal() {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&ending, number);
    sigset_t held = ending;
    ::sigaddset(&held, SIGTSTP);
    ::sigprocmask(SIG_BLOCK, &held, &before_);
    signals_ = ::signalfd(-1, &ending, SFD_CLOEXEC);
    ::tcgetattr(STDIN_FILENO, &echoing_);
    termios quiet = echoing_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &echoing_);
    // What has come meanwhile takes its course.
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    ::close(signals_);
  }

  /// Waits until something was typed; false when a signal has come before.
  [[nodiscard]] bool wait() const {
    std::array<pollfd, 2> waiting{pollfd{.fd = signals_, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
    while (::poll(waiting.data(), waiting.size(), -1) < 0 && errno == EINTR) {
    }
    return waiting[0].revents == 0;
  }

 private:
  int signals_ = -1;
  termios echoing_{};
  sigset_t before_{};
};

/// Up to a line break or to the end. `terminal`: null when standard input is none.
Result<std::string> read_bytes(const QuietTerminal* terminal) {
  std::string text;
  text.reserve(kInputBytesMax);  // one place, to be wiped
  while (text.size() < kInputBytesMax && !text.ends_with('\n')) {
    char byte = 0;
    const bool there = terminal == nullptr || terminal->wait();
    const auto count = there ? ::read(STDIN_FILENO, &byte, 1) : -1;
    if (count < 0 && there && errno == EINTR) continue;
    if (count < 0) {
      wipe(text);
      return hal::error(Code::kCancelled, "no password was given");
    }
    if (count == 0) break;
    text += byte;
  }
  return text;
}

void drop_line_break(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

Result<std::string> ask(const QuietTerminal& terminal, std::string_view prompt) {
  fmt::print(stderr, "{}", prompt);
  auto text = read_bytes(&terminal);
  fmt::print(stderr, "\n");
  if (text && text->empty()) return hal::error(Code::kCancelled, "no password was given");
  if (text) drop_line_break(*text);
  return text;
}

Result<std::string> ask_twice() {
  const QuietTerminal quiet;
  auto password = ask(quiet, "password: ");
  if (!password) return password;
  auto again = ask(quiet, "the same again: ");
  if (!again) {
    wipe(*password);
    return again;
  }
  const bool same = *password == *again;
  wipe(*again);
  if (same) return password;
  wipe(*password);
  return hal::error(Code::kInvalidArgument, "the two passwords differ");
}

Result<std::string> read_line() {
  auto line = read_bytes(nullptr);
  if (!line) return line;
  if (line->empty()) return hal::error(Code::kCancelled, "standard input holds no password");
  drop_line_break(*line);
  std::array<char, 1> more{};
  if (line->size() <= kPasswordBytesMax && ::read(STDIN_FILENO, more.data(), more.size()) > 0) {
    wipe(*line);
    return hal::error(Code::kInvalidArgument,
                      "standard input holds more than one line: the password is one");
  }
  return line;
}

}  // namespace

Result<std::string> read_new_password() {
  auto password = ::isatty(STDIN_FILENO) != 0 ? ask_twice() : read_line();
  if (!password) return password;
  if (auto checked = check_password(*password); !checked) {
    wipe(*password);
    return hal::error(std::move(checked.error()));
  }
  return password;
}

}  // namespace auth
