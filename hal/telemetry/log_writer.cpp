#include <hal/telemetry/log_writer.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include <poll.h>
#include <unistd.h>

namespace hal::log {
namespace {

/// Bytes a pipe that poll() calls writable takes without blocking (POSIX write()).
constexpr std::size_t kChunkBytes = PIPE_BUF;
constexpr int kPollMilliseconds = 50;

/// Whole lines, as many as fit a chunk, so that several processes may share an output.
std::string_view next_chunk(std::string_view bytes) noexcept {
  if (bytes.size() <= kChunkBytes) return bytes;
  const std::size_t end = bytes.rfind('\n', kChunkBytes - 1);
  return bytes.substr(0, end == std::string_view::npos ? kChunkBytes : end + 1);
}

}  // namespace

Writer::Writer(WriterOptions options) : options_{options} {
  // Signals are other threads' business; a closed pipe is an error of write(), not a signal.
  sigset_t all;
  sigset_t former;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &former);
  thread_ = std::thread{[this] { run(); }};
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

Writer::~Writer() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
    give_up_ = std::chrono::steady_clock::now() + options_.flush_timeout;
  }
  changed_.notify_one();
  thread_.join();
}

void Writer::write(Level, std::string_view line) noexcept {
  bool wake = false;
  try {
    const std::lock_guard lock{mutex_};
    if (buffer_.size() + line.size() > options_.buffer_bytes_max) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    wake = buffer_.empty();
    buffer_ += line;
  } catch (...) {  // no memory
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  if (wake) changed_.notify_one();
}

void Writer::run() {
  std::uint64_t reported = 0;
  std::string taken;
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !buffer_.empty(); });
    if (buffer_.empty()) return;
    taken.clear();
    taken.swap(buffer_);
    lock.unlock();
    const bool written = write_out(taken);
    // Not to an output that takes nothing: the report would be lost and reported in its turn.
    const std::uint64_t dropped = this->dropped();
    if (written && dropped > reported) {
      warn("log lines were dropped, the output is too slow: {}", dropped - reported);
      reported = dropped;
    }
    lock.lock();
  }
}

bool Writer::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view chunk = next_chunk(bytes);
    if (!wait_writable()) break;
    const ssize_t written = ::write(options_.fd, chunk.data(), chunk.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  const auto lost = std::ranges::count(bytes, '\n');
  dropped_.fetch_add(static_cast<std::uint64_t>(lost), std::memory_order_relaxed);
  return bytes.empty();
}

bool Writer::wait_writable() {
  while (true) {
    pollfd entry{.fd = options_.fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&entry, 1, kPollMilliseconds);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    const std::lock_guard lock{mutex_};
    if (stop_ && std::chrono::steady_clock::now() >= give_up_) return false;
  }
}

}  // namespace hal::log
