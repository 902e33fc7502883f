#include <hal/base/headers.hpp>

#include <hal/base/ascii.hpp>

namespace hal {

Headers::Headers(std::initializer_list<Field> fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size();
  reserve(fields.size(), bytes);
  for (const Field& field : fields) add(field.name, field.value);
}

void Headers::add(std::string_view name, std::string_view value) {
  const std::size_t offset = text_.size();
  entries_.push_back({.offset = static_cast<std::uint32_t>(offset),
                      .name_size = static_cast<std::uint32_t>(name.size()),
                      .value_size = static_cast<std::uint32_t>(value.size())});
  const std::size_t end = offset + name.size() + value.size();
  text_.resize_and_overwrite(end, [&](char* text, std::size_t /*may be more*/) {
    name.copy(text + offset, name.size());
    value.copy(text + offset + name.size(), value.size());
    return end;
  });
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

std::size_t Headers::remove(std::string_view name) {
  // The text of a removed field stays in the buffer: lists live as long as one message.
  return std::erase_if(entries_, [&](const Entry& entry) {
    return ascii_iequals({text_.data() + entry.offset, entry.name_size}, name);
  });
}

void Headers::clear() noexcept {
  text_.clear();
  entries_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    // Most names differ in size already.
    if (entries_[i].name_size != name.size()) continue;
    if (const Field field = at(i); ascii_iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string> Headers::joined(std::string_view name) const {
  std::optional<std::string> all;
  for (const Field field : *this) {
    if (!ascii_iequals(field.name, name)) continue;
    if (all) {
      all->append(",").append(field.value);
    } else {
      all.emplace(field.value);
    }
  }
  return all;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (const Field field : *this) found += ascii_iequals(field.name, name) ? 1 : 0;
  return found;
}

std::size_t Headers::byte_size() const noexcept {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.name_size + entry.value_size;
  return bytes;
}

Headers::Field Headers::at(std::size_t index) const noexcept {
  const Entry& entry = entries_[index];
  return {.name = {text_.data() + entry.offset, entry.name_size},
          .value = {text_.data() + entry.offset + entry.name_size, entry.value_size}};
}

}  // namespace hal
