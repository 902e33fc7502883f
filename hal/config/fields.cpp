#include <hal/config/fields.hpp>

#include <hal/base/contract.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hal::config {
namespace {

// Longer values are cut in messages: an error is one readable line.
constexpr std::size_t kShownCharsMax = 80;

std::string upper_snake(std::string_view member) {
  std::string text{member};
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

std::string kebab(std::string_view member) {
  std::string text = ascii_lower(member);
  std::ranges::replace(text, '_', '-');
  return text;
}

std::string shown(std::string_view value, bool secret) {
  if (secret) return "***";
  std::string text{value.substr(0, kShownCharsMax)};
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return value.size() > kShownCharsMax ? text + "..." : text;
}

}  // namespace

Field::Field(std::string_view member, const detail::ValueType& type, void* value)
    : member_{member}, flag_{kebab(member)}, type_{&type}, value_{value} {}

Field& Field::help(std::string_view text) {
  help_ = text;
  return *this;
}

Field& Field::variable(std::string_view name) {
  variable_ = name;
  return *this;
}

Field& Field::flag(std::string_view name) {
  flag_ = name;
  return *this;
}

Field& Field::alias(std::string_view variable) {
  aliases_.emplace_back(variable);
  return *this;
}

Field& Field::secret() {
  secret_ = true;
  return *this;
}

Field& Field::shown_as(std::string (*shown)(std::string_view value)) {
  shown_ = shown;
  return *this;
}

Field& Field::range(std::chrono::nanoseconds min, std::chrono::nanoseconds max) {
  return range(min.count(), max.count());
}

Field& Fields::operator[](std::string_view member) {
  const auto found = std::ranges::find(fields_, member, &Field::member_);
  expects(found != fields_.end(), "describe() names a described member of its struct");
  return *found;
}

Fields& Fields::prefix(std::string_view text) {
  prefix_ = text;
  return *this;
}

std::optional<Fields::Found> Fields::locate(const Field& field, const Source& source) {
  if (const Flag* flag = source.arguments.find(field.flag_)) {
    const bool implied = !flag->value && field.type_->is_bool;
    return Found{.text = implied ? "true" : flag->value.value_or(""),
                 .label = "--" + field.flag_,
                 .source = "flag --" + field.flag_,
                 .missing_value = !flag->value && !implied};
  }
  std::vector<std::string_view> variables{field.variable_};
  variables.insert(variables.end(), field.aliases_.begin(), field.aliases_.end());
  for (const std::string_view variable : variables) {
    const auto text = source.environment.find(variable);
    if (!text) continue;
    return Found{.text = std::string{*text},
                 .label = std::string{variable},
                 .source = fmt::format("environment {}", variable)};
  }
  for (const std::string_view variable : variables) {
    const File::Entry* const entry = source.file.find(variable);
    if (entry == nullptr) continue;
    const std::string place = fmt::format("{}:{}", source.file.name(), entry->line);
    return Found{.text = entry->text,
                 .label = fmt::format("{}: {}", place, variable),
                 .source = "file " + place};
  }
  return std::nullopt;
}

void Fields::add(std::string_view member, const detail::ValueType& type, void* value) {
  fields_.emplace_back(member, type, value);
}

Result<> Fields::read(const Source& source, std::vector<Setting>* settings) {
  std::vector<std::string> problems;
  for (Field& field : fields_) {
    if (field.variable_.empty()) field.variable_ = prefix_ + upper_snake(field.member_);
    const auto found = locate(field, source);
    if (found && found->missing_value) {
      problems.push_back(found->label + ": a value is missing");
    } else if (found) {
      const Refusal allowed = field.type_->parse(found->text, field.range_, field.value_);
      if (allowed) {
        problems.push_back(fmt::format("{}='{}': allowed is {}", found->label,
                                       shown(found->text, field.secret_), *allowed));
      }
    }
    if (settings == nullptr) continue;
    std::string value = field.type_->print(field.value_);
    if (field.shown_ != nullptr && !value.empty()) value = field.shown_(value);
    settings->push_back({.name = field.variable_,
                         .value = field.secret_ && !value.empty() ? "***" : std::move(value),
                         .source = found ? found->source : "default",
                         .help = field.help_,
                         .secret = field.secret_,
                         .flag = field.flag_,
                         .aliases = field.aliases_});
  }
  if (problems.empty()) return {};
  return error(Code::kInvalidArgument, fmt::format("{}", fmt::join(problems, "; ")));
}

}  // namespace hal::config
