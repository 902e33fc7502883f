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

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void append_tag(std::string& out, std::uint32_t number, Wire wire) {
  append_varint(out, (number << 3) | static_cast<std::uint32_t>(wire));
}

inline void append_varint_field(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_tag(out, number, Wire::kVarint);
  append_varint(out, value);
}

/// Fixed-size numbers are little-endian on the wire.
template <class T>
void append_fixed_field(std::string& out, std::uint32_t number, T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  static_assert(std::endian::native == std::endian::little);
  append_tag(out, number, sizeof(T) == 8 ? Wire::kFixed64 : Wire::kFixed32);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

inline void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_tag(out, number, Wire::kBytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}
inline void append_bytes_field(std::string& out, std::uint32_t number,
                               std::span<const std::uint8_t> bytes) {
  append_bytes_field(out, number, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// A field whose length is known once it is written: what is appended to `out` during this object's
/// life is its content.
class Nested {
 public:
  Nested(std::string& out, std::uint32_t number) : out_{out} {
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
  std::string& out_;
  std::size_t length_at_ = 0;
};

/// A string field: valid UTF-8 whatever `text` is, at most bytes_max bytes of it.
inline void append_text_field(std::string& out, std::uint32_t number, std::string_view text,
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
