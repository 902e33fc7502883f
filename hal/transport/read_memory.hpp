// What the reads of an HTTP/2 connection fill.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace hal::transport {

/// Small while little comes, because most connections are idle most of the time; `size_max` while
/// much comes, between whose pieces there may be small ones.
class ReadMemory {
 public:
  static constexpr std::size_t kIdleBytes = 4 * 1024;
  /// So many reads in a row fit into kIdleBytes before it shrinks while a stream's
  /// data is under way.
  static constexpr int kSmallReads = 16;

  explicit ReadMemory(std::size_t size_max) : size_max_{size_max} {
    resize(std::min(kIdleBytes, size_max));
  }
  [[nodiscard]] std::span<char> span() const noexcept { return {data_.get(), size_}; }
  /// So much has been read into it, and is done with. `more_comes()`: a stream is open for the
  /// peer's data; asked only when it matters.
  template <class MoreComes>
  void note_read(std::size_t size, MoreComes&& more_comes) {
    small_reads_ = size <= kIdleBytes ? small_reads_ + 1 : 0;
    if (size == size_ && size_ < size_max_) {
      resize(size_max_);
    } else if (size_ > kIdleBytes && small_reads_ > 0 &&
               (small_reads_ >= kSmallReads || !more_comes())) {
      resize(kIdleBytes);
    }
  }

 private:
  void resize(std::size_t size) {
    data_ = std::make_unique_for_overwrite<char[]>(size);
    size_ = size;
    small_reads_ = 0;
  }

  const std::size_t size_max_;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  int small_reads_ = 0;
};

}  // namespace hal::transport
