#include <hal/config/arguments.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hal::config {
namespace {

bool is_flag(std::string_view word) { return word.starts_with("--"); }

bool is_short_flag(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word[1] != '-' && word[1] != '.' &&
         !(word[1] >= '0' && word[1] <= '9');
}

}  // namespace

Result<Arguments> Arguments::parse(std::span<const std::string> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      const auto rest = words.subspan(i + 1);
      arguments.positional_.insert(arguments.positional_.end(), rest.begin(), rest.end());
      break;
    }
    if (is_short_flag(word)) {
      return error(Code::kInvalidArgument,
                   fmt::format("argument '{}': flags are written --name=value", word));
    }
    if (!is_flag(word)) {
      arguments.positional_.emplace_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string name{word.substr(2, equals == std::string_view::npos ? equals : equals - 2)};
    if (name.empty()) {
      return error(Code::kInvalidArgument,
                   fmt::format("argument '{}': the flag has no name", word));
    }
    Flag flag;
    if (equals != std::string_view::npos) {
      flag.value = word.substr(equals + 1);
    } else if (i + 1 < words.size() && !is_flag(words[i + 1])) {
      flag.value = words[++i];
    }
    arguments.flags_.insert_or_assign(name, std::move(flag));
  }
  return arguments;
}

Result<Arguments> Arguments::parse(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  return parse(words);
}

const Flag* Arguments::find(std::string_view name) const {
  const auto found = flags_.find(name);
  return found == flags_.end() ? nullptr : &found->second;
}

Result<> Arguments::check_known(std::span<const std::string> known) const {
  std::vector<std::string> unknown;
  for (const auto& [name, flag] : flags_) {
    if (std::ranges::find(known, name) == known.end()) unknown.push_back("--" + name);
  }
  if (unknown.empty()) return {};
  std::vector<std::string> sorted{known.begin(), known.end()};
  std::ranges::sort(sorted);
  const char* prefix = sorted.empty() ? "" : "--";
  return error(Code::kInvalidArgument,
               fmt::format("unknown flag{} {}; known: {}{}", unknown.size() > 1 ? "s" : "",
                           fmt::join(unknown, ", "), prefix,
                           sorted.empty() ? "none" : fmt::format("{}", fmt::join(sorted, ", --"))));
}

}  // namespace hal::config
