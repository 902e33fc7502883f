#include <hal/collector/span.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <tuple>

#include <fmt/format.h>

#include <hal/base/hex.hpp>

namespace hal::collector {
namespace {

constexpr std::array<std::string_view, 6> kKindNames{"",       "internal", "server",
                                                     "client", "producer", "consumer"};

struct ToText {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::to_string(value); }
  std::string operator()(double value) const { return fmt::to_string(value); }
  std::string operator()(const Bytes& bytes) const {
    std::string text;
    text.reserve(2 * bytes.data.size());
    for (const char c : bytes.data) {
      const std::array byte{static_cast<std::uint8_t>(c)};
      text += to_hex(byte);
    }
    return text;
  }
};

}  // namespace

std::string_view name(SpanKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < kKindNames.size() ? kKindNames[index] : std::string_view{};
}

SpanKind span_kind_from_name(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kKindNames, name);
  if (found == kKindNames.end()) return SpanKind::kUnspecified;
  return static_cast<SpanKind>(found - kKindNames.begin());
}

std::uint64_t Trace::start_unix_ns() const noexcept {
  if (spans.empty()) return 0;
  return std::ranges::min_element(spans, {}, &Span::start_unix_ns)->start_unix_ns;
}

std::uint64_t Trace::end_unix_ns() const noexcept {
  std::uint64_t end = 0;
  for (const Span& span : spans) end = std::max({end, span.start_unix_ns, span.end_unix_ns});
  return end;
}

void Trace::sort_spans() {
  std::ranges::sort(spans, {}, [](const Span& span) {
    return std::tuple{span.start_unix_ns, span.span_id, span.kind};
  });
}

std::string to_text(const Value& value) { return std::visit(ToText{}, value); }

const Value* find_attribute(const std::vector<Attribute>& attributes,
                            std::string_view key) noexcept {
  const auto found = std::ranges::find(attributes, key, &Attribute::key);
  return found == attributes.end() ? nullptr : &found->value;
}

}  // namespace hal::collector
