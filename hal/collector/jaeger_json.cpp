#include <hal/collector/jaeger_json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include <hal/http/json_writer.hpp>
#include <hal/wire/base64.hpp>

namespace hal::collector {
namespace {

/// The commas between the items of one list.
class Separator {
 public:
  void operator()(std::string& out) {
    if (!first_) out += ',';
    first_ = false;
  }

 private:
  bool first_ = true;
};

/// Appends `"type":...,"value":...`.
struct AppendValue {
  std::string& out;

  void operator()(const std::string& text) const {
    out += R"("type":"string","value":)";
    http::json::append_string(out, text);
  }
  void operator()(bool value) const {
    out += value ? R"("type":"bool","value":true)" : R"("type":"bool","value":false)";
  }
  void operator()(std::int64_t value) const {
    fmt::format_to(std::back_inserter(out), R"("type":"int64","value":{})", value);
  }
  // JSON has no NaN and no infinity: they go out as text.
  void operator()(double value) const {
    const std::string_view quote = std::isfinite(value) ? "" : "\"";
    fmt::format_to(std::back_inserter(out), R"("type":"float64","value":{}{}{})", quote, value,
                   quote);
  }
  void operator()(const Bytes& bytes) const {
    out += R"("type":"binary","value":")";
    out += wire::base64_encode(bytes.data, wire::Padding::kFull);
    out += '"';
  }
};

void append_tag(std::string& out, std::string_view key, const Value& value) {
  out += R"({"key":)";
  http::json::append_string(out, key);
  out += ',';
  std::visit(AppendValue{out}, value);
  out += '}';
}

void append_tags(std::string& out, const std::vector<Attribute>& attributes, Separator& separate) {
  for (const Attribute& attribute : attributes) {
    separate(out);
    append_tag(out, attribute.key, attribute.value);
  }
}

void append_span_tags(std::string& out, const Span& span) {
  Separator separate;
  const auto add = [&](std::string_view key, const Value& value) {
    separate(out);
    append_tag(out, key, value);
  };
  if (span.scope && !span.scope->name.empty()) add(kScopeName, span.scope->name);
  if (span.scope && !span.scope->version.empty()) add(kScopeVersion, span.scope->version);
  append_tags(out, span.attributes, separate);
  if (span.kind != SpanKind::kUnspecified) add("span.kind", std::string{name(span.kind)});
  if (span.status != SpanStatus::kUnset) {
    add("otel.status_code", std::string{span.status == SpanStatus::kError ? "ERROR" : "OK"});
  }
  // Two tags of one key would be one too many for those who read the last.
  if (span.status == SpanStatus::kError && find_attribute(span.attributes, "error") == nullptr) {
    add("error", true);
  }
  if (!span.status_message.empty()) add("otel.status_description", span.status_message);
  if (!span.trace_state.empty()) add("w3c.tracestate", span.trace_state);
}

void append_reference(std::string& out, std::string_view type, const TraceId& trace_id,
                      const SpanId& span_id) {
  fmt::format_to(std::back_inserter(out), R"({{"refType":"{}","traceID":"{}","spanID":"{}"}})",
                 type, trace_id.hex(), span_id.hex());
}

void append_references(std::string& out, const Span& span) {
  Separator separate;
  if (!span.is_root()) {
    separate(out);
    append_reference(out, "CHILD_OF", span.trace_id, span.parent_id);
  }
  for (const Link& link : span.links) {
    separate(out);
    append_reference(out, "FOLLOWS_FROM", link.trace_id, link.span_id);
  }
}

void append_logs(std::string& out, const Span& span) {
  Separator separate;
  for (const Event& event : span.events) {
    separate(out);
    fmt::format_to(std::back_inserter(out), R"({{"timestamp":{},"fields":[)",
                   event.time_unix_ns / 1000);
    Separator separate_fields;
    if (!event.name.empty()) {
      separate_fields(out);
      append_tag(out, "event", event.name);
    }
    append_tags(out, event.attributes, separate_fields);
    out += "]}";
  }
}

void append_strings(std::string& out, std::span<const std::string> texts) {
  Separator separate;
  out += '[';
  for (const std::string& text : texts) {
    separate(out);
    http::json::append_string(out, text);
  }
  out += ']';
}

void append_warnings(std::string& out, const Span& span) {
  std::vector<std::string> warnings;
  const auto add = [&](std::uint32_t count, std::string_view what) {
    if (count > 0) warnings.push_back(fmt::format("{} {}", count, what));
  };
  add(span.dropped_attributes, "attributes dropped");
  add(span.dropped_events, "events dropped");
  add(span.dropped_links, "links dropped");
  add(span.truncated_values, "values cut short");
  if (warnings.empty()) {
    out += "null";
  } else {
    append_strings(out, warnings);
  }
}

/// The different resources of one trace, numbered p1, p2, ... in the order they appear.
/// Each export has Resource objects of its own: equal ones are one process.
class Processes {
 public:
  std::size_t number(const Resource& resource) {
    const auto found = std::ranges::find_if(resources_, [&](const Resource* known) {
      return known == &resource || *known == resource;
    });
    if (found != resources_.end()) return static_cast<std::size_t>(found - resources_.begin()) + 1;
    resources_.push_back(&resource);
    return resources_.size();
  }

  void append(std::string& out) const {
    Separator separate;
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      separate(out);
      fmt::format_to(std::back_inserter(out), R"("p{}":{{"serviceName":)", i + 1);
      http::json::append_string(out, resources_[i]->service_name);
      out += R"(,"tags":[)";
      Separator separate_tags;
      append_tags(out, resources_[i]->attributes, separate_tags);
      out += "]}";
    }
  }

 private:
  std::vector<const Resource*> resources_;
};

void append_span(std::string& out, const Span& span, std::size_t process) {
  fmt::format_to(std::back_inserter(out), R"({{"traceID":"{}","spanID":"{}","operationName":)",
                 span.trace_id.hex(), span.span_id.hex());
  http::json::append_string(out, span.name);
  out += R"(,"references":[)";
  append_references(out, span);
  fmt::format_to(std::back_inserter(out), R"(],"startTime":{},"duration":{},"tags":[)",
                 span.start_unix_ns / 1000, span.duration_ns() / 1000);
  append_span_tags(out, span);
  out += R"(],"logs":[)";
  append_logs(out, span);
  fmt::format_to(std::back_inserter(out), R"(],"processID":"p{}","warnings":)", process);
  append_warnings(out, span);
  out += '}';
}

void append_trace(std::string& out, const Trace& trace) {
  static const Resource kNone{.service_name = std::string{kUnknownService}};
  fmt::format_to(std::back_inserter(out), R"({{"traceID":"{}","spans":[)", trace.id.hex());
  Processes processes;
  Separator separate;
  for (const Span& span : trace.spans) {
    separate(out);
    append_span(out, span, processes.number(span.resource ? *span.resource : kNone));
  }
  out += R"(],"processes":{)";
  processes.append(out);
  out += R"(},"warnings":)";
  if (trace.warnings.empty()) {
    out += "null";
  } else {
    append_strings(out, trace.warnings);
  }
  out += '}';
}

/// Closes {"data":... as Jaeger's structuredResponse does.
void append_tail(std::string& out, std::size_t total) {
  fmt::format_to(std::back_inserter(out), R"(,"total":{},"limit":0,"offset":0,"errors":null}})",
                 total);
}

}  // namespace

TracesJson::TracesJson(std::string& out) : out_{out} { out_ += R"({"data":[)"; }

void TracesJson::add(const Trace& trace) {
  if (!first_) out_ += ',';
  first_ = false;
  append_trace(out_, trace);
}

void TracesJson::end() {
  out_ += ']';
  append_tail(out_, 0);  // Jaeger's total is 0 for traces
}

std::string traces_json(std::span<const Trace> traces) {
  std::string out;
  TracesJson json{out};
  for (const Trace& trace : traces) json.add(trace);
  json.end();
  return out;
}

std::string names_json(std::span<const std::string> names) {
  std::string out = R"({"data":)";
  append_strings(out, names);
  append_tail(out, names.size());
  return out;
}

std::string operations_json(std::span<const Operation> operations) {
  std::string out = R"({"data":[)";
  Separator separate;
  for (const Operation& operation : operations) {
    separate(out);
    out += R"({"name":)";
    http::json::append_string(out, operation.name);
    fmt::format_to(std::back_inserter(out), R"(,"spanKind":"{}"}})", name(operation.kind));
  }
  out += ']';
  append_tail(out, operations.size());
  return out;
}

std::string error_json(int code, std::string_view message) {
  std::string out = R"({"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":)";
  fmt::format_to(std::back_inserter(out), R"({},"msg":)", code);
  http::json::append_string(out, message);
  return out += "}]}";
}

}  // namespace hal::collector
