#include <hal/http/json_position.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace hal::http::json::detail {
namespace {

std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

std::size_t token_offset(std::string_view text, std::size_t number) {
  std::size_t at = 0;
  for (;;) {
    at = std::min(text.find_first_not_of(" \t\r\n,:", at), text.size());
    if (at == text.size() || number <= 1) return at;
    --number;
    if (text[at] == '"') {
      at = end_of_string(text, at);
    } else if (std::string_view{"[]{}"}.find(text[at]) != std::string_view::npos) {
      ++at;
    } else {
      at = text.find_first_of(" \t\r\n,:[]{}\"", at);
    }
    at = std::min(at, text.size());
  }
}

std::string line_and_column(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace hal::http::json::detail
