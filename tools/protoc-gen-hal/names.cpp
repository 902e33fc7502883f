#include "names.hpp"

#include <algorithm>
#include <array>

namespace hal::protoc {
namespace {

// Lower-case ones only: snake_case makes no others.
constexpr std::array<std::string_view, 92> kKeywords{
    "alignas",       "alignof",     "and",
    "and_eq",        "asm",         "auto",
    "bitand",        "bitor",       "bool",
    "break",         "case",        "catch",
    "char",          "char16_t",    "char32_t",
    "char8_t",       "class",       "co_await",
    "co_return",     "co_yield",    "compl",
    "concept",       "const",       "const_cast",
    "consteval",     "constexpr",   "constinit",
    "continue",      "decltype",    "default",
    "delete",        "do",          "double",
    "dynamic_cast",  "else",        "enum",
    "explicit",      "export",      "extern",
    "false",         "float",       "for",
    "friend",        "goto",        "if",
    "inline",        "int",         "long",
    "mutable",       "namespace",   "new",
    "noexcept",      "not",         "not_eq",
    "nullptr",       "operator",    "or",
    "or_eq",         "private",     "protected",
    "public",        "register",    "reinterpret_cast",
    "requires",      "return",      "short",
    "signed",        "sizeof",      "static",
    "static_assert", "static_cast", "struct",
    "switch",        "template",    "this",
    "thread_local",  "throw",       "true",
    "try",           "typedef",     "typeid",
    "typename",      "union",       "unsigned",
    "using",         "virtual",     "void",
    "volatile",      "wchar_t",     "while",
    "xor",           "xor_eq"};
// Members of the generated classes, and macros of the C library.
constexpr std::array<std::string_view, 7> kTaken{"full_name", "methods", "channel_", "errno",
                                                 "assert",    "stdin",   "stdout"};

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::string snake_case(std::string_view name) {
  std::string out;
  out.reserve(name.size() + 4);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_upper(c)) {
      out += c;
      continue;
    }
    const char before = i > 0 ? name[i - 1] : '_';
    const char after = i + 1 < name.size() ? name[i + 1] : '_';
    const bool begins_word =
        is_lower(before) || is_digit(before) || (is_upper(before) && is_lower(after));
    if (begins_word) out += '_';
    out += static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string function_name(std::string_view method) {
  std::string name = snake_case(method);
  const std::string_view view = name;
  if (std::ranges::find(kKeywords, view) != kKeywords.end() ||
      std::ranges::find(kTaken, view) != kTaken.end()) {
    name += '_';
  }
  return name;
}

std::string_view class_stem(std::string_view service) noexcept {
  constexpr std::string_view kSuffix = "Service";
  if (service.size() > kSuffix.size() && service.ends_with(kSuffix)) {
    service.remove_suffix(kSuffix.size());
  }
  return service;
}

std::string cpp_namespace(std::string_view package) {
  std::string out;
  for (const char c : package) {
    if (c == '.') {
      out += "::";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace hal::protoc
