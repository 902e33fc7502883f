#include <hal/collector/jaeger_json_reader.hpp>

#include <map>
#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/base64.hpp>

namespace hal::collector {
namespace {

namespace json = boost::json;
using ResourcePtr = std::shared_ptr<const Resource>;

std::unexpected<Status> refuse(std::string_view position, std::string_view reason) {
  return error(Code::kInvalidArgument, fmt::format("{}: {}", position, reason));
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

/// The list under this name; null when it is missing, null or no list: Jaeger writes all three.
const json::array* list(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found == nullptr ? nullptr : found->if_array();
}

std::string_view text(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  const json::string* string = found == nullptr ? nullptr : found->if_string();
  return string == nullptr ? std::string_view{} : view(*string);
}

std::optional<std::int64_t> integer(const json::value& value) {
  if (const auto* string = value.if_string()) return parse_int<std::int64_t>(view(*string));
  boost::system::error_code failed;
  const auto number = value.to_number<std::int64_t>(failed);
  return failed ? std::nullopt : std::optional{number};
}

/// Microseconds as nanoseconds; 0 when missing, negative or too large to be a time.
std::uint64_t time_ns(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  const auto micros = found == nullptr ? std::nullopt : integer(*found);
  if (!micros || *micros < 0 || *micros > INT64_MAX / 1000) return 0;
  return static_cast<std::uint64_t>(*micros) * 1000;
}

/// By the tag's type where the value fits it, else by the value alone.
Value tag_value(std::string_view type, const json::value& value) {
  if (const auto* string = value.if_string()) {
    if (type == "int64") {
      if (const auto number = integer(value)) return *number;
    }
    if (type == "binary") {
      if (auto bytes = wire::base64_decode(view(*string))) return Bytes{std::move(*bytes)};
    }
    return std::string{view(*string)};
  }
  if (const auto* boolean = value.if_bool()) return *boolean;
  if (type != "float64") {
    if (const auto number = integer(value)) return *number;
  }
  boost::system::error_code failed;
  const auto number = value.to_number<double>(failed);
  if (!failed) return number;
  return value.is_null() ? std::string{} : json::serialize(value);
}

std::vector<Attribute> tags(const json::object& object, std::string_view key = "tags") {
  std::vector<Attribute> attributes;
  const json::array* items = list(object, key);
  if (items == nullptr) return attributes;
  for (const json::value& item : *items) {
    const json::object* tag = item.if_object();
    const json::value* value = tag == nullptr ? nullptr : tag->if_contains("value");
    if (value == nullptr) continue;
    attributes.push_back({std::string{text(*tag, "key")}, tag_value(text(*tag, "type"), *value)});
  }
  return attributes;
}

/// Moves the tags that stand for fields into these fields.
void take_fields(Span& span) {
  bool is_error = false;
  std::string reason;
  std::erase_if(span.attributes, [&](const Attribute& tag) {
    const std::string value = to_text(tag.value);
    if (tag.key == "span.kind") {
      span.kind = span_kind_from_name(value);
      return span.kind != SpanKind::kUnspecified;
    }
    if (tag.key == "otel.status_code" && (value == "OK" || value == "ERROR")) {
      span.status = value == "OK" ? SpanStatus::kOk : SpanStatus::kError;
      return true;
    }
    if (tag.key == "otel.status_description") span.status_message = value;
    if (tag.key == "w3c.tracestate") span.trace_state = value;
    if (tag.key == "error" && value != "false") {
      is_error = true;
      if (value != "true") reason = value;
    }
    return tag.key == "otel.status_description" || tag.key == "w3c.tracestate" ||
           (tag.key == "error" && value == "true");
  });
  // OpenTracing's programs set nothing but the tag `error`.
  if (is_error && span.status == SpanStatus::kUnset) span.status = SpanStatus::kError;
  // Zipkin's programs say in it what went wrong, and Jaeger adds one that is true.
  if (span.status == SpanStatus::kError && span.status_message.empty()) {
    span.status_message = std::move(reason);
  }
}

std::vector<Event> events(const json::object& object) {
  std::vector<Event> events;
  const json::array* logs = list(object, "logs");
  if (logs == nullptr) return events;
  for (const json::value& item : *logs) {
    const json::object* log = item.if_object();
    if (log == nullptr) continue;
    Event event{.time_unix_ns = time_ns(*log, "timestamp"), .attributes = tags(*log, "fields")};
    std::erase_if(event.attributes, [&](const Attribute& field) {
      if (field.key != "event" || !event.name.empty()) return false;
      event.name = to_text(field.value);
      return true;
    });
    events.push_back(std::move(event));
  }
  return events;
}

/// The first CHILD_OF of the same trace is the parent, all others are links.
Result<> read_references(const json::object& object, Span& span, const std::string& position) {
  // What Jaeger wrote before it had references.
  if (const auto parent = text(object, "parentSpanID"); !parent.empty()) {
    span.parent_id = SpanId::from_hex(parent).value_or(SpanId{});
  }
  const json::array* references = list(object, "references");
  if (references == nullptr) return {};
  for (std::size_t i = 0; i < references->size(); ++i) {
    const json::object* reference = (*references)[i].if_object();
    if (reference == nullptr) continue;
    const auto trace_id = TraceId::from_hex(text(*reference, "traceID"));
    const auto span_id = SpanId::from_hex(text(*reference, "spanID"));
    if (!trace_id || !span_id) {
      return refuse(fmt::format("{}.references[{}]", position, i),
                    fmt::format("traceID \"{}\" and spanID \"{}\" must be hexadecimal digits",
                                text(*reference, "traceID"), text(*reference, "spanID")));
    }
    if (text(*reference, "refType") == "CHILD_OF" && *trace_id == span.trace_id && span.is_root()) {
      span.parent_id = *span_id;
    } else if (*trace_id != span.trace_id || *span_id != span.parent_id) {
      span.links.push_back({*trace_id, *span_id});
    }
  }
  return {};
}

std::map<std::string, ResourcePtr, std::less<>> read_processes(const json::object& trace) {
  std::map<std::string, ResourcePtr, std::less<>> processes;
  const json::value* found = trace.if_contains("processes");
  const json::object* listed = found == nullptr ? nullptr : found->if_object();
  if (listed == nullptr) return processes;
  for (const auto& [id, value] : *listed) {
    const json::object* process = value.if_object();
    if (process == nullptr) continue;
    std::string service{text(*process, "serviceName")};
    if (service.empty()) service = kUnknownService;
    processes[std::string{id}] = std::make_shared<Resource>(std::move(service), tags(*process));
  }
  return processes;
}

void read_warnings(const json::object& object, std::string_view prefix,
                   std::vector<std::string>& warnings) {
  const json::array* items = list(object, "warnings");
  if (items == nullptr) return;
  for (const json::value& item : *items) {
    if (const auto* string = item.if_string()) {
      warnings.push_back(fmt::format("{}{}", prefix, view(*string)));
    }
  }
}

Result<Span> read_span(const json::value& value, const std::string& position) {
  const json::object* object = value.if_object();
  if (object == nullptr) return refuse(position, "must be an object");
  const auto trace_id = TraceId::from_hex(text(*object, "traceID"));
  if (!trace_id) return refuse(position + ".traceID", "must be 1-32 hexadecimal digits");
  const auto span_id = SpanId::from_hex(text(*object, "spanID"));
  if (!span_id) return refuse(position + ".spanID", "must be 1-16 hexadecimal digits");
  Span span{.trace_id = *trace_id,
            .span_id = *span_id,
            .name = std::string{text(*object, "operationName")},
            .start_unix_ns = time_ns(*object, "startTime"),
            .attributes = tags(*object),
            .events = events(*object)};
  span.end_unix_ns = span.start_unix_ns + time_ns(*object, "duration");
  take_fields(span);
  if (auto read = read_references(*object, span, position); !read) return error(read.error());
  return span;
}

Result<Trace> read_trace(const json::value& value, const std::string& position) {
  const json::object* object = value.if_object();
  if (object == nullptr) return refuse(position, "must be an object");
  const auto id = TraceId::from_hex(text(*object, "traceID"));
  if (!id) return refuse(position + ".traceID", "must be 1-32 hexadecimal digits");
  const json::array* spans = list(*object, "spans");
  if (spans == nullptr) return refuse(position + ".spans", "must be a list");

  static const auto kUnknown = std::make_shared<Resource>(std::string{kUnknownService});
  const auto processes = read_processes(*object);
  Trace trace{.id = *id};
  read_warnings(*object, "", trace.warnings);
  for (std::size_t i = 0; i < spans->size(); ++i) {
    auto span = read_span((*spans)[i], fmt::format("{}.spans[{}]", position, i));
    if (!span) return error(span.error());
    const json::object& span_object = (*spans)[i].get_object();
    const auto process = processes.find(text(span_object, "processID"));
    span->resource = process == processes.end() ? kUnknown : process->second;
    read_warnings(span_object, fmt::format("span {}: ", span->span_id.hex()), trace.warnings);
    trace.spans.push_back(std::move(*span));
  }
  trace.sort_spans();
  return trace;
}

/// The Status that an answer's `errors` stand for; OK when there are none.
Status failure_of(const json::object& answer) {
  const json::array* errors = list(answer, "errors");
  if (errors == nullptr || errors->empty()) return {};
  const json::object* first = errors->front().if_object();
  if (first == nullptr) return {Code::kUnavailable, "the trace backend failed without a reason"};
  const json::value* code = first->if_contains("code");
  const auto number = code == nullptr ? std::nullopt : integer(*code);
  std::string message{text(*first, "msg")};
  if (message.empty()) message = "the trace backend failed without a reason";
  if (number == 404) return {Code::kNotFound, std::move(message)};
  const bool is_ours = number && *number >= 400 && *number < 500;
  return {is_ours ? Code::kInvalidArgument : Code::kUnavailable, std::move(message)};
}

/// The answer's list `data`: empty for null. `parsed` must outlive it.
Result<const json::array*> data_of(std::string_view text, json::value& parsed) {
  static const json::array kEmpty;
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = 32;
  parsed = json::parse({text.data(), text.size()}, failed, {}, options);
  if (failed) {
    return error(Code::kInvalidArgument,
                 fmt::format("the answer is not JSON ({}); it begins with \"{}\"", failed.message(),
                             text.substr(0, 60)));
  }
  const json::object* object = parsed.if_object();
  if (object == nullptr) {
    return error(Code::kInvalidArgument, "the answer is JSON, but not one of Jaeger's query API");
  }
  const json::array* data = list(*object, "data");
  if (data != nullptr && !data->empty()) return data;
  if (Status failure = failure_of(*object); !failure.ok()) return error(std::move(failure));
  if (data == nullptr && !object->contains("data")) {
    return error(Code::kInvalidArgument, "the answer has no \"data\": is this Jaeger's query API?");
  }
  return &kEmpty;
}

}  // namespace

Result<std::vector<Trace>> parse_traces(std::string_view text) {
  json::value parsed;
  const auto data = data_of(text, parsed);
  if (!data) return error(data.error());
  std::vector<Trace> traces;
  for (std::size_t i = 0; i < (*data)->size(); ++i) {
    auto trace = read_trace((**data)[i], fmt::format("data[{}]", i));
    if (!trace) return error(trace.error());
    traces.push_back(std::move(*trace));
  }
  return traces;
}

Result<std::vector<std::string>> parse_names(std::string_view text) {
  json::value parsed;
  const auto data = data_of(text, parsed);
  if (!data) return error(data.error());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < (*data)->size(); ++i) {
    const auto* name = (**data)[i].if_string();
    if (name == nullptr) return refuse(fmt::format("data[{}]", i), "must be a text");
    names.emplace_back(view(*name));
  }
  return names;
}

}  // namespace hal::collector
