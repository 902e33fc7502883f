#include <hal/http/json_tokens.hpp>

#include <hal/base/utf8.hpp>
#include <hal/http/json_position.hpp>
#include <hal/http/json_writer.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace hal::http::json {
namespace {

constexpr std::size_t kShownBytesMax = 64;

bool is_name(std::string_view key) {
  return !key.empty() && key.size() <= kShownBytesMax && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

Status refuse(std::string_view text, std::string_view problem, std::size_t offset) {
  return {Code::kInvalidArgument,
          fmt::format("{} ({})", problem, detail::line_and_column(text, offset))};
}

}  // namespace

std::string_view shortened(std::string_view text) { return cut_utf8(text, kShownBytesMax); }

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, shortened(text));
  return out;
}

void append_step(std::string& path, std::string_view key) {
  if (is_name(key)) {
    path.append(".").append(key);
  } else {
    path.append("[").append(quoted(key)).append("]");
  }
}

Status refuse_token(std::string_view text, std::string_view problem, std::size_t number) {
  return refuse(text, problem, detail::token_offset(text, number));
}

Status refuse_syntax(std::string_view text, const std::string& path, boost::json::error_code ec,
                     std::size_t offset) {
  if (ec == boost::json::error::incomplete) {
    return refuse(text, path + ": the text ends too early", text.size());
  }
  // The parser looks at 4 bytes at most to tell whether a character is UTF-8.
  const std::size_t invalid = find_invalid_utf8(text.substr(0, offset + 4));
  if (invalid <= offset) return refuse(text, path + ": invalid UTF-8", invalid);
  if (ec == boost::json::error::exponent_overflow) {
    return refuse(text, path + ": number is out of range", offset);
  }
  return refuse(text, path + ": " + ec.message(), offset);
}

Status refuse_rest(std::string_view text, std::size_t offset) {
  const std::size_t trailing = text.find_first_not_of(" \t\r\n", offset);
  if (trailing == std::string_view::npos) return {};
  return refuse(text, "$: text after the end of the value", trailing);
}

}  // namespace hal::http::json
