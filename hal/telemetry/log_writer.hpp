// The sink of a service: a bounded buffer and one thread that writes, so that a blocked output
// never stalls a worker.
#pragma once

#include <hal/telemetry/log.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

namespace hal::log {

struct WriterOptions {
  int fd = 2;  ///< stays open, and belongs to the caller
  std::size_t buffer_bytes_max = 4 * 1024 * 1024;
  /// How long the destructor waits for an output that takes nothing.
  std::chrono::milliseconds flush_timeout{1000};
};

/// Lines that the buffer cannot take are dropped; a line says how many once the output takes lines
/// again. A write error drops what was to be written. Destroy it after the Setup that uses it.
class Writer final : public Sink {
 public:
  explicit Writer(WriterOptions options = {});
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Writes what is left.
  ~Writer() override;

  void write(Level level, std::string_view line) noexcept override;

  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  void run();
  /// False when something was lost.
  bool write_out(std::string_view bytes);
  [[nodiscard]] bool wait_writable();

  WriterOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string buffer_;                               ///< guarded by mutex_
  bool stop_ = false;                                ///< guarded by mutex_
  std::chrono::steady_clock::time_point give_up_{};  ///< guarded by mutex_, set with stop_
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace hal::log
