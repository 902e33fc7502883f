#include <hal/wire/trace_lists.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/field.hpp>

#include <algorithm>
#include <vector>

namespace hal::wire {
namespace {

/// Takes the text up to the next comma off the front of `list`, without spaces around it.
std::string_view take_member(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view member = ascii_trim(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return member;
}

bool is_key_start(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_key_part(std::string_view text, std::size_t size_max) noexcept {
  return !text.empty() && text.size() <= size_max && is_key_start(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/';
         });
}

bool is_trace_state_key(std::string_view key) noexcept {
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos) return is_key_part(key, 256);
  return is_key_part(key.substr(0, at), 241) && is_key_part(key.substr(at + 1), 14);
}

bool is_trace_state_value(std::string_view value) noexcept {
  return !value.empty() && value.size() <= 256 && std::ranges::all_of(value, [](char c) {
    return c >= ' ' && c <= '~' && c != ',' && c != '=';
  });
}

std::string_view key_of(std::string_view member) noexcept {
  return member.substr(0, member.find('='));
}

bool is_trace_state_member(std::string_view member) noexcept {
  const std::size_t equals = member.find('=');
  return equals != std::string_view::npos && is_trace_state_key(member.substr(0, equals)) &&
         is_trace_state_value(member.substr(equals + 1));
}

void shrink(std::vector<std::string_view>& members, std::size_t bytes, std::size_t bytes_max) {
  for (std::size_t i = members.size(); i-- > 0 && bytes > bytes_max;) {
    if (members[i].size() <= 128) continue;
    bytes -= members[i].size() + 1;
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (!members.empty() && bytes > bytes_max) {
    bytes -= members.back().size() + 1;
    members.pop_back();
  }
}

}  // namespace

bool is_empty_list(std::string_view list) noexcept {
  return list.find_first_not_of(" \t,") == std::string_view::npos;
}

std::string bound_trace_state(std::string_view list, ListLimits limits) {
  std::vector<std::string_view> members;
  std::size_t bytes = 0;  // each member and a comma
  std::size_t count = 0;  // repeated ones too
  while (!list.empty()) {
    const std::string_view member = take_member(list);
    if (member.empty()) continue;
    if (++count > limits.members_max || !is_trace_state_member(member)) return {};
    if (std::ranges::find(members, key_of(member), key_of) != members.end()) continue;
    members.push_back(member);
    bytes += member.size() + 1;
  }
  shrink(members, bytes, limits.bytes_max + 1);
  std::string text;
  text.reserve(std::min(bytes, limits.bytes_max));
  for (const std::string_view member : members) {
    if (!text.empty()) text += ',';
    text += member;
  }
  return text;
}

std::string bound_baggage(std::string_view list, ListLimits limits) {
  std::string text;
  text.reserve(std::min(list.size(), limits.bytes_max));
  std::size_t members = 0;
  while (!list.empty() && members < limits.members_max) {
    const std::string_view member = take_member(list);
    if (member.empty() || !valid_field_value(member)) continue;
    if (text.size() + (text.empty() ? 0 : 1) + member.size() > limits.bytes_max) continue;
    if (!text.empty()) text += ',';
    text += member;
    ++members;
  }
  return text;
}

}  // namespace hal::wire
