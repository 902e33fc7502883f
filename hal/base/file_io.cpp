#include <hal/base/file_io.hpp>

#include <unistd.h>

#include <cerrno>

namespace hal {

bool write_all(int file, std::string_view content) noexcept {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool read_all(int file, std::string& content) noexcept {
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t count = ::read(file, content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  content.resize(filled);
  return true;
}

}  // namespace hal
