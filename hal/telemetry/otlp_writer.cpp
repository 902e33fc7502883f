#include <hal/telemetry/otlp_writer.hpp>

#include <algorithm>

namespace hal::telemetry::otlp {
namespace {

// AnyValue's and ArrayValue's field numbers.
constexpr std::uint32_t kString = 1;
constexpr std::uint32_t kBool = 2;
constexpr std::uint32_t kInt = 3;
constexpr std::uint32_t kDouble = 4;
constexpr std::uint32_t kArray = 5;
constexpr std::uint32_t kArrayValues = 1;

/// At most what ValueWriter appends.
struct ValueBytesMax {
  std::size_t bytes_max;

  std::size_t operator()(std::string_view text) const {
    return text_field_bytes_max(std::min(text.size(), bytes_max));
  }
  std::size_t operator()(AttributeValue::List texts) const {
    std::size_t bytes = kHeadBytesMax;
    for (const std::string_view text : texts) bytes += kHeadBytesMax + (*this)(text);
    return bytes;
  }
  std::size_t operator()(const auto& /*number*/) const { return kHeadBytesMax; }
};

struct ValueWriter {
  Cursor& out;
  std::size_t bytes_max;

  void operator()(std::string_view text) const { append_text_field(out, kString, text, bytes_max); }
  void operator()(bool flag) const { append_varint_field(out, kBool, flag ? 1 : 0); }
  void operator()(std::int64_t number) const {
    append_varint_field(out, kInt, static_cast<std::uint64_t>(number));
  }
  void operator()(double number) const { append_fixed_field(out, kDouble, number); }
  void operator()(AttributeValue::List texts) const {
    const Nested array{out, kArray};
    for (const std::string_view text : texts) {
      const Nested value{out, kArrayValues};
      append_text_field(out, kString, text, bytes_max);
    }
  }
};

std::uint64_t read_varint(std::string_view bytes, std::size_t& at) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; at < bytes.size(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

}  // namespace

void append_attribute(std::string& out, std::uint32_t number, std::string_view key,
                      const AttributeValue& value, std::size_t value_bytes_max) {
  const std::size_t bytes_max = 2 * kHeadBytesMax +
                                text_field_bytes_max(std::min(key.size(), kNameBytesMax)) +
                                std::visit(ValueBytesMax{value_bytes_max}, value.variant());
  append_with_cursor(out, bytes_max, [&](Cursor& cursor) {
    const Nested pair{cursor, number};
    append_text_field(cursor, 1, key, kNameBytesMax);
    const Nested any{cursor, 2};
    std::visit(ValueWriter{cursor, value_bytes_max}, value.variant());
  });
}

bool erase_attribute(std::string& fields, std::uint32_t number, std::string_view key) {
  for (std::size_t at = 0; at < fields.size();) {
    const std::size_t begin = at;
    const std::uint64_t tag = read_varint(fields, at);
    const std::uint64_t length = read_varint(fields, at);
    const std::size_t end = at + length;
    if (tag >> 3 == number) {
      ++at;  // the key's tag
      const std::uint64_t key_length = read_varint(fields, at);
      if (std::string_view{fields}.substr(at, key_length) == key) {
        fields.erase(begin, end - begin);
        return true;
      }
    }
    at = end;
  }
  return false;
}

}  // namespace hal::telemetry::otlp
