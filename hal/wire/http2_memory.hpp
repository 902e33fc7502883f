// Private to http2*.cpp: the memory of nghttp2, which takes and gives back a dozen small blocks for
// each request.
#pragma once

#include <array>
#include <cstddef>

#include <nghttp2/nghttp2.h>

namespace hal::wire::http2 {

/// Free lists by size, for one session, which must not outlive it. Not thread-safe.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { trim(0); }

  /// What nghttp2 is to call.
  [[nodiscard]] nghttp2_mem functions() noexcept;
  /// Gives back to the system what is free beyond `bytes`.
  void trim(std::size_t bytes) noexcept;
  /// Bytes that are free and kept.
  [[nodiscard]] std::size_t kept() const noexcept { return kept_; }

 private:
  /// What stands before each block.
  struct alignas(std::max_align_t) Head {
    Head* next;
    std::size_t size;
  };
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kPooledMax = 1024;  // larger ones are rare

  void* allocate(std::size_t size) noexcept;
  void* resize(void* block, std::size_t size) noexcept;
  void release(void* block) noexcept;

  std::array<Head*, kPooledMax / kStep + 1> free_{};
  std::size_t kept_ = 0;
};

}  // namespace hal::wire::http2
