#include <hal/cli/terminal.hpp>

#include <hal/config/environment.hpp>

#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hal::cli {
namespace {

bool is_utf8(std::string_view locale) {
  return locale.contains("UTF-8") || locale.contains("utf8") || locale.contains("UTF8");
}

}  // namespace

TraceTreeOptions terminal_tree_options() {
  const auto environment = config::Environment::from_process();
  TraceTreeOptions options;
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
    options.width = std::min<std::size_t>(window.ws_col, 140);
  }
  options.colour = ::isatty(STDOUT_FILENO) == 1 && !environment.find("NO_COLOR");
  // POSIX: LC_ALL, then LC_CTYPE, then LANG. Without any a pipe or a bare container: UTF-8 is
  // what reads its output today.
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const auto locale = environment.find(name)) {
      options.ascii = ::isatty(STDOUT_FILENO) == 1 && !is_utf8(*locale);
      break;
    }
  }
  return options;
}

}  // namespace hal::cli
