// Headers: an ordered list of names and values, as HTTP headers, trailers and gRPC metadata.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hal {

/// Fields in the order they came, duplicates kept, names compared without case (RFC 9110 5.1).
/// All text lies in one buffer: a list costs two allocations, whatever its length.
/// Views handed out are valid until the next call that changes the list, so none of them may be an
/// argument of such a call. Not thread-safe. At most 4 GiB in all: readers' limits are far below.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
    friend bool operator==(const Field&, const Field&) = default;
  };

  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Headers* list, std::size_t index) : list_{list}, index_{index} {}
    Field operator*() const { return list_->at(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) { return Iterator{list_, index_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Headers* list_ = nullptr;
    std::size_t index_ = 0;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields);

  /// Takes memory for a list of this size at once.
  void reserve(std::size_t fields, std::size_t bytes) {
    entries_.reserve(fields);
    text_.reserve(bytes);
  }
  /// Appends a field. Any bytes are taken: what may go out is for the writers to check.
  void add(std::string_view name, std::string_view value);
  /// Removes all fields of this name, then adds one.
  void set(std::string_view name, std::string_view value);
  /// Returns how many fields were removed.
  std::size_t remove(std::string_view name);
  void clear() noexcept;

  /// The first value of this name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  /// All values of this name joined with "," (RFC 9110 5.3); nullopt when there is none.
  [[nodiscard]] std::optional<std::string> joined(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    return get(name).has_value();
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// Bytes of all names and values.
  [[nodiscard]] std::size_t byte_size() const noexcept;
  /// Precondition: index < size().
  [[nodiscard]] Field at(std::size_t index) const noexcept;
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, entries_.size()}; }

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace hal
