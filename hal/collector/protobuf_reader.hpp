// Reads the protobuf wire format field by field, with no copy (protobuf.dev "Encoding").
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hal::collector {

/// Walks the fields of one message. What is received is untrusted: nothing is allocated, so a small
/// body cannot grow into many objects before a limit is seen, and text that is no UTF-8 does not
/// cost the sender the whole batch.
/// Views handed out point into the bytes given to the constructor.
class ProtobufReader {
 public:
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  struct Field {
    std::uint32_t number = 0;
    Type type = Type::kVarint;
    std::uint64_t value = 0;   ///< of kVarint, kFixed64 and kFixed32
    std::string_view bytes{};  ///< of kBytes

    /// True for field `wanted` in the form its type has on the wire. A known number in another form
    /// is an unknown field, as in every protobuf library.
    [[nodiscard]] bool is(std::uint32_t wanted, Type form) const noexcept {
      return number == wanted && type == form;
    }
    [[nodiscard]] double as_double() const noexcept { return std::bit_cast<double>(value); }
    [[nodiscard]] std::int64_t as_int64() const noexcept {
      return static_cast<std::int64_t>(value);
    }
  };

  explicit ProtobufReader(std::string_view bytes) noexcept : rest_{bytes} {}

  /// The next field; nullopt at the end of the message and where it is broken: see broken().
  [[nodiscard]] std::optional<Field> next() noexcept {
    if (rest_.empty() || broken_) return std::nullopt;
    const auto key = varint();
    Field field{.number = static_cast<std::uint32_t>(key >> 3), .type = static_cast<Type>(key & 7)};
    if (broken_ || field.number == 0 || key >> 32 != 0) return fail();
    switch (field.type) {
      case Type::kVarint:
        field.value = varint();
        break;
      case Type::kFixed64:
        field.value = fixed<std::uint64_t>();
        break;
      case Type::kFixed32:
        field.value = fixed<std::uint32_t>();
        break;
      case Type::kBytes:
        field.bytes = take(varint());
        break;
      default:
        return fail();  // groups, which no OTLP message has
    }
    if (broken_) return std::nullopt;
    return field;
  }

  /// The bytes are no protobuf message: cut short, or a field with no number or no known type.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  std::nullopt_t fail() noexcept {
    broken_ = true;
    return std::nullopt;
  }

  std::uint64_t varint() noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
      const auto byte = static_cast<std::uint8_t>(rest_[i]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if ((byte & 0x80) == 0) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    broken_ = true;
    return 0;
  }

  std::string_view take(std::uint64_t size) noexcept {
    if (broken_ || size > rest_.size()) {
      broken_ = true;
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <class Int>
  std::uint64_t fixed() noexcept {
    const auto taken = take(sizeof(Int));
    if (broken_) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(Int); i-- > 0;) {
      value = value << 8 | static_cast<std::uint8_t>(taken[i]);
    }
    return value;
  }

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace hal::collector
