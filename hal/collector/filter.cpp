#include <hal/collector/filter.hpp>

#include <algorithm>

namespace hal::collector {
namespace {

bool has_value(const std::vector<Attribute>& attributes, const std::string& key,
               const std::string& value) {
  const Value* found = find_attribute(attributes, key);
  return found != nullptr && to_text(*found) == value;
}

/// The tags Jaeger makes of fields that are no attributes.
bool is_field(const Span& span, const std::string& key, const std::string& value) {
  if (key == "span.kind") return !value.empty() && value == name(span.kind);
  if (key == kScopeName) return span.scope && !value.empty() && value == span.scope->name;
  if (key == kScopeVersion) return span.scope && !value.empty() && value == span.scope->version;
  if (key == "error") return span.status == SpanStatus::kError && value == "true";
  if (key != "otel.status_code") return false;
  return (span.status == SpanStatus::kError && value == "ERROR") ||
         (span.status == SpanStatus::kOk && value == "OK");
}

bool has_tag(const Span& span, const std::string& key, const std::string& value) {
  if (is_field(span, key, value) || has_value(span.attributes, key, value)) return true;
  if (span.resource && has_value(span.resource->attributes, key, value)) return true;
  return std::ranges::any_of(
      span.events, [&](const Event& event) { return has_value(event.attributes, key, value); });
}

}  // namespace

bool TraceFilter::matches(const Span& span) const {
  if (service && span.service() != *service) return false;
  if (operation && span.name != *operation) return false;
  if (start_min_unix_ns && span.start_unix_ns < *start_min_unix_ns) return false;
  if (start_max_unix_ns && span.start_unix_ns > *start_max_unix_ns) return false;
  if (duration_min_ns && span.duration_ns() < *duration_min_ns) return false;
  if (duration_max_ns && span.duration_ns() > *duration_max_ns) return false;
  return std::ranges::all_of(tags,
                             [&](const auto& tag) { return has_tag(span, tag.first, tag.second); });
}

bool TraceFilter::matches(const std::vector<Span>& spans) const {
  return std::ranges::any_of(spans, [this](const Span& span) { return matches(span); });
}

}  // namespace hal::collector
