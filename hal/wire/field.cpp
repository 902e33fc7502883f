#include <hal/wire/field.hpp>

#include <array>

#include <fmt/format.h>

#include <hal/base/ascii.hpp>

namespace hal::wire {
namespace {

constexpr std::array<bool, 256> kToken = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view{"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "!#$%&'*+-.^_`|~"}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

/// Names from a caller may hold anything: an error message must stay printable.
std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 64)) shown += (c >= 0x20 && c < 0x7f) ? c : '?';
  return shown;
}

}  // namespace

bool valid_token(std::string_view text) noexcept {
  bool good = !text.empty();
  for (const char c : text) good &= kToken[static_cast<unsigned char>(c)];
  return good;
}

bool valid_field_value(std::string_view value) noexcept {
  // No early exit: the compiler makes vector code of it, and nearly all values are valid.
  bool bad = false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= (byte < 0x20) & (c != '\t');
    bad |= byte == 0x7f;
  }
  return !bad;
}

Result<> check_field(const Headers::Field& field) {
  std::string_view token = field.name;
  if (token.starts_with(':')) token.remove_prefix(1);
  if (!valid_token(token)) [[unlikely]] {
    return error(Code::kInvalidArgument,
                 fmt::format("'{}' is no header name (RFC 9110 5.1)", printable(field.name)));
  }
  if (!valid_field_value(field.value)) [[unlikely]] {
    return error(Code::kInvalidArgument,
                 fmt::format("the value of header '{}' has a control character", field.name));
  }
  return {};
}

bool is_hop_field(std::string_view name) noexcept {
  // By size first: this runs for each field that is sent.
  switch (name.size()) {
    case 7:
      return ascii_iequals(name, "upgrade");
    case 10:
      return ascii_iequals(name, "connection") || ascii_iequals(name, "keep-alive");
    case 16:
      return ascii_iequals(name, "proxy-connection");
    case 17:
      return ascii_iequals(name, "transfer-encoding");
    default:
      return false;
  }
}

}  // namespace hal::wire
