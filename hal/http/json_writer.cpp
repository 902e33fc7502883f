#include <hal/http/json_writer.hpp>

#include <hal/base/utf8.hpp>
#include <hal/http/json_type.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace hal::http::json {
namespace {

/// ASCII that stands for itself in a string.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

std::size_t plain_prefix(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && kPlain[static_cast<unsigned char>(text[size])]) ++size;
  return size;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 0xF];
  }
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits;  // the longest double has 24 characters
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_integer(std::string& out, std::uint64_t bits, bool is_signed) {
  if (is_signed) {
    append_number(out, static_cast<std::int64_t>(bits));
  } else {
    append_number(out, bits);
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t taken = 1;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      append_escaped(out, text.front());
    } else if (const std::size_t length = utf8_length(text); length > 0) {
      out.append(text.substr(0, length));
      taken = length;
    } else {
      out += kReplacement;
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

namespace detail {
namespace {

/// The commas of one array or object, and what its elements need to be written.
struct Elements {
  std::string& out;
  const Type& type;
  bool with_keys;
  bool first = true;

  void separate() {
    if (!first) out += ',';
    first = false;
  }
};

void write_element(void* context, std::string_view key, const void* element) {
  auto& elements = *static_cast<Elements*>(context);
  elements.separate();
  if (elements.with_keys) {
    append_string(elements.out, key);
    elements.out += ':';
  }
  write(elements.out, elements.type, element);
}

void write_elements(std::string& out, const Type& type, const void* value) {
  const bool is_map = type.kind == Kind::kMap;
  Elements elements{out, type.element(), is_map};
  out += is_map ? '{' : '[';
  type.each(value, &write_element, &elements);
  out += is_map ? '}' : ']';
}

bool is_absent(const Type& type, const void* value) {
  bool present = false;
  type.each(
      value, [](void* found, std::string_view, const void*) { *static_cast<bool*>(found) = true; },
      &present);
  return !present;
}

void write_object(std::string& out, const Type& type, const void* value) {
  out += '{';
  bool first = true;
  for (const Field& field : type.fields) {
    const void* member = field.member(const_cast<void*>(value));  // only its address is taken
    const Type& member_type = field.type();
    if (member_type.kind == Kind::kOptional && is_absent(member_type, member)) continue;
    if (!first) out += ',';
    first = false;
    append_string(out, field.name);
    out += ':';
    write(out, member_type, member);
  }
  out += '}';
}

void write_enum(std::string& out, const Type& type, std::uint64_t bits) {
  const auto found =
      std::ranges::find(type.enumerators, static_cast<std::int64_t>(bits), &Enumerator::value);
  if (found != type.enumerators.end()) {
    append_string(out, found->name);
  } else {
    append_integer(out, bits, true);
  }
}

}  // namespace

void write(std::string& out, const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::kBool:
      out += *static_cast<const bool*>(value) ? "true" : "false";
      return;
    case Kind::kInteger:
      append_integer(out, type.load(value), type.min < 0);
      return;
    case Kind::kDouble: {
      const double number = *static_cast<const double*>(value);
      if (std::isfinite(number)) {
        append_number(out, number);
      } else {
        out += "null";
      }
      return;
    }
    case Kind::kString:
      append_string(out, *static_cast<const std::string*>(value));
      return;
    case Kind::kEnum:
      write_enum(out, type, type.load(value));
      return;
    case Kind::kOptional:
      if (is_absent(type, value)) {
        out += "null";
      } else {
        Elements inner{out, type.element(), false};
        type.each(value, &write_element, &inner);
      }
      return;
    case Kind::kArray:
    case Kind::kMap:
      write_elements(out, type, value);
      return;
    case Kind::kObject:
      write_object(out, type, value);
      return;
  }
}

}  // namespace detail
}  // namespace hal::http::json
