// Bytes that have come in and are not understood yet, in one piece.
#pragma once

#include <hal/base/contract.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace hal::transport {

/// Grows while reads fill it, up to `size_max`. While a read into writable()'s memory is under
/// way, only unread() and consume() may be called.
class ReadBuffer {
 public:
  ReadBuffer(std::size_t size, std::size_t size_max) : data_(size, '\0'), size_max_{size_max} {}

  [[nodiscard]] std::string_view unread() const noexcept {
    return {data_.data() + begin_, end_ - begin_};
  }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

  void consume(std::size_t bytes) noexcept { begin_ += bytes; }

  /// Room for the next read: not empty unless `size_max` bytes are unread.
  [[nodiscard]] std::span<char> writable() {
    if (begin_ > 0) {
      std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if ((end_ == data_.size() || filled_) && data_.size() < size_max_) {
      data_.resize(data_.size() * 4 < size_max_ ? data_.size() * 4 : size_max_);
      filled_ = false;
    }
    return {data_.data() + end_, data_.size() - end_};
  }
  /// A read has put so many bytes into writable().
  void commit(std::size_t bytes) noexcept {
    end_ += bytes;
    expects(end_ <= data_.size(), "a read fills no more than it was given");
    filled_ = end_ == data_.size();
  }

 private:
  std::string data_;
  std::size_t size_max_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool filled_ = false;
};

}  // namespace hal::transport
