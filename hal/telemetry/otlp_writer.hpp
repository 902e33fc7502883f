// Protobuf's wire format, as far as OTLP traces need it (protobuf.dev, "Encoding").
#pragma once

#include <hal/base/utf8.hpp>
#include <hal/telemetry/attribute.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace hal::telemetry::otlp {

/// Field numbers of OTLP (proto/hal/internal/otlp.proto has the messages).
namespace field {
enum Span : std::uint32_t {
  kTraceId = 1,
  kSpanId = 2,
  kTraceState = 3,
  kParentSpanId = 4,
  kName = 5,
  kKind = 6,
  kStart = 7,
  kEnd = 8,
  kAttributes = 9,
  kAttributesDropped = 10,
  kEvents = 11,
  kEventsDropped = 12,
  kStatus = 15,
  kFlags = 16,
};
}  // namespace field

/// Of names, keys and messages: the limit of values is the user's, and may be a few bytes.
inline constexpr std::size_t kNameBytesMax = 16 * 1024;

enum class Wire : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Memory that has room for all that is appended: no check for each byte, as in a std::string.
/// What follows appends to either.
class Cursor {
 public:
  explicit Cursor(char* begin) noexcept : begin_{begin}, end_{begin} {}

  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(end_ - begin_);
  }
  char& operator[](std::size_t at) noexcept { return begin_[at]; }
  void push_back(char c) noexcept { *end_++ = c; }
  void append(const char* bytes, std::size_t size) noexcept {
    std::char_traits<char>::copy(end_, bytes, size);  // nothing may come from nowhere
    end_ += size;
  }
  void append(const char* begin, const char* end) noexcept {
    append(begin, static_cast<std::size_t>(end - begin));
  }
  void append(std::string_view bytes) noexcept { append(bytes.data(), bytes.size()); }
  void replace(std::size_t at, std::size_t size, std::string_view bytes) noexcept {
    char* const rest = begin_ + at + size;
    std::memmove(begin_ + at + bytes.size(), rest, static_cast<std::size_t>(end_ - rest));
    std::memcpy(begin_ + at, bytes.data(), bytes.size());
    end_ += bytes.size() - size;
  }

 private:
  char* begin_;
  char* end_;
};

/// Lets `write(Cursor&)` append to `out`, at most `bytes_max` bytes.
template <class Write>
void append_with_cursor(std::string& out, std::size_t bytes_max, const Write& write) {
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + bytes_max, [&](char* data, std::size_t) {
    Cursor cursor{data + before};
    write(cursor);
    return before + cursor.size();
  });
}

/// More than the tag and length of a field, or a number with its tag.
inline constexpr std::size_t kHeadBytesMax = 16;

/// At least what append_text_field() appends for a text of so many bytes: all may be no UTF-8.
[[nodiscard]] constexpr std::size_t text_field_bytes_max(std::size_t bytes) noexcept {
  return kHeadBytesMax + kReplacement.size() * bytes;
}

template <class Out>
void append_varint(Out& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

template <class Out>
void append_tag(Out& out, std::uint32_t number, Wire wire) {
  append_varint(out, (number << 3) | static_cast<std::uint32_t>(wire));
}

template <class Out>
void append_varint_field(Out& out, std::uint32_t number, std::uint64_t value) {
  append_tag(out, number, Wire::kVarint);
  append_varint(out, value);
}

/// Fixed-size numbers are little-endian on the wire.
template <class Out, class T>
void append_fixed_field(Out& out, std::uint32_t number, T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  static_assert(std::endian::native == std::endian::little);
  append_tag(out, number, sizeof(T) == 8 ? Wire::kFixed64 : Wire::kFixed32);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <class Out>
void append_bytes_field(Out& out, std::uint32_t number, std::string_view bytes) {
  append_tag(out, number, Wire::kBytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}
template <class Out>
void append_bytes_field(Out& out, std::uint32_t number, std::span<const std::uint8_t> bytes) {
  append_bytes_field(out, number, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// A field whose length is known once it is written: what is appended to `out` during this object's
/// life is its content.
template <class Out>
class Nested {
 public:
  Nested(Out& out, std::uint32_t number) : out_{out} {
    append_tag(out, number, Wire::kBytes);
    length_at_ = out.size();
    out.push_back('\0');
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  ~Nested() {
    std::uint64_t length = out_.size() - length_at_ - 1;
    if (length < 0x80) {
      out_[length_at_] = static_cast<char>(length);
      return;
    }
    std::string varint;
    append_varint(varint, length);
    out_.replace(length_at_, 1, varint);
  }

 private:
  Out& out_;
  std::size_t length_at_ = 0;
};

/// A string field: valid UTF-8 whatever `text` is, at most bytes_max bytes of it.
template <class Out>
void append_text_field(Out& out, std::uint32_t number, std::string_view text,
                       std::size_t bytes_max) {
  const std::string_view cut = cut_utf8(text, bytes_max);
  if (is_ascii(cut)) {
    append_bytes_field(out, number, cut);
  } else {
    const Nested nested{out, number};
    append_utf8(out, cut);
  }
}

/// A KeyValue as field `number`.
void append_attribute(std::string& out, std::uint32_t number, std::string_view key,
                      const AttributeValue& value, std::size_t value_bytes_max);

/// Removes the KeyValue with this key from `fields`, a sequence of length-delimited fields, among
/// the ones numbered `number`; true if there was one.
bool erase_attribute(std::string& fields, std::uint32_t number, std::string_view key);

}  // namespace hal::telemetry::otlp
