#include "flags.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace interop {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(2);
}

}  // namespace

Flags parse_flags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with('-')) refuse(fmt::format("'{}' is no flag", word));
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto equals = word.find('=');
    const std::string name{word.substr(0, equals)};
    if (equals != std::string_view::npos) {
      flags[name] = word.substr(equals + 1);
    } else if (i + 1 < argc && argv[i + 1][0] != '-') {
      flags[name] = argv[++i];
    } else {
      flags[name] = "true";
    }
  }
  const auto tls = take(flags, {"use_tls"});
  if (tls && *tls != "false") refuse("--use_tls: these programs speak gRPC without TLS");
  return flags;
}

std::optional<std::string> take(Flags& flags, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    if (const auto found = flags.find(name); found != flags.end()) {
      return std::move(flags.extract(found).mapped());
    }
  }
  return std::nullopt;
}

Arguments::Arguments(std::string program, std::vector<std::string> arguments, const Flags& rest)
    : words_{std::move(program)} {
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  for (const auto& [name, value] : rest) words_.push_back(fmt::format("--{}={}", name, value));
  for (auto& word : words_) pointers_.push_back(word.data());
}

}  // namespace interop
