#include <hal/config/file.hpp>

#include <hal/config/nearest.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

namespace hal::config {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;
constexpr std::size_t kNodesMax = 1'000;  // aliases make a small file a huge tree
constexpr int kDepthMax = 8;              // and an endless one

using Entries = std::map<std::string, File::Entry, std::less<>>;

/// "log-level" -> "LOG_LEVEL".
std::string part_of_name(std::string_view key) {
  std::string text{key};
  std::ranges::transform(text, text.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

/// From a tree of YAML to variables.
class Flattener {
 public:
  Flattener(const std::string& file, Entries& entries) : file_{file}, entries_{entries} {}

  Result<> add_map(const YAML::Node& map, const std::string& prefix, int depth) {
    if (depth > kDepthMax) return refused(line_of(map), "the keys are nested too deeply");
    for (const auto& child : map) {
      const int line = line_of(child.first);
      if (++nodes_ > kNodesMax) return refused(line, "there are too many values");
      if (!child.first.IsScalar()) return refused(line, "a key is a name");
      const std::string name = prefix + part_of_name(child.first.Scalar());
      if (child.second.IsMap()) {
        if (auto done = add_map(child.second, name + '_', depth + 1); !done) return done;
      } else if (auto done = add_value(name, child.second, line); !done) {
        return done;
      }
    }
    return {};
  }

 private:
  static int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

  std::unexpected<Status> refused(int line, std::string_view why) const {
    return error(Code::kInvalidArgument, fmt::format("{}:{}: {}", file_, line, why));
  }

  Result<> add_value(const std::string& name, const YAML::Node& value, int line) {
    std::string text;
    if (value.IsScalar()) {
      text = value.Scalar();
    } else if (value.IsSequence()) {
      std::vector<std::string> items;
      for (const auto& item : value) {
        if (++nodes_ > kNodesMax) return refused(line, "there are too many values");
        if (!item.IsScalar()) return refused(line, fmt::format("{}: a list of texts only", name));
        items.push_back(item.Scalar());
      }
      text = fmt::format("{}", fmt::join(items, ","));
    }
    const auto [there, added] = entries_.try_emplace(name, File::Entry{std::move(text), line});
    if (added) return {};
    return refused(line, fmt::format("{} is given in line {} already", name, there->second.line));
  }

  const std::string& file_;
  Entries& entries_;
  std::size_t nodes_ = 0;
};

}  // namespace

Result<File> File::parse(const std::string& text, std::string name) {
  File file;
  file.name_ = std::move(name);
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      return error(Code::kInvalidArgument,
                   fmt::format("{}: more than one YAML document", file.name_));
    }
    if (documents.empty() || documents.front().IsNull()) return file;
    if (!documents.front().IsMap()) {
      return error(Code::kInvalidArgument,
                   fmt::format("{}:1: expected lines of `NAME: value`", file.name_));
    }
    auto done = Flattener{file.name_, file.entries_}.add_map(documents.front(), "", 1);
    if (!done) return error(std::move(done.error()));
  } catch (const YAML::Exception& failure) {
    return error(Code::kInvalidArgument,
                 fmt::format("{}:{}: {}", file.name_, failure.mark.line + 1, failure.msg));
  }
  return file;
}

Result<File> File::load(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string text(kFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && !in.eof())) {
    return error(Code::kInvalidArgument, fmt::format("{} cannot be read", path));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kFileBytesMax) {
    return error(Code::kInvalidArgument, fmt::format("{} has more than 1 MiB", path));
  }
  return parse(text, path);
}

const File::Entry* File::find(std::string_view variable) const {
  const auto found = entries_.find(variable);
  return found == entries_.end() || found->second.text.empty() ? nullptr : &found->second;
}

Result<> File::check_known(std::span<const std::string> known) const {
  std::vector<std::string> problems;
  for (const auto& [name, entry] : entries_) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto meant = nearest(name, known);
    problems.push_back(fmt::format("{}:{}: {} is no option{}", name_, entry.line, name,
                                   meant.empty() ? "" : fmt::format(", nearest is {}", meant)));
  }
  if (problems.empty()) return {};
  return error(Code::kInvalidArgument, fmt::format("{}", fmt::join(problems, "; ")));
}

}  // namespace hal::config
