#include <hal/collector/otlp_decode.hpp>

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <hal/collector/json_to_protobuf.hpp>
#include <hal/collector/otlp_schema.hpp>
#include <hal/collector/otlp_value.hpp>
#include <hal/collector/protobuf_reader.hpp>
#include <hal/http/json_writer.hpp>
#include <hal/telemetry/otlp_writer.hpp>

namespace hal::collector {
namespace {

using Type = ProtobufReader::Type;
using Field = ProtobufReader::Field;

/// Why a message is refused; empty when it is not.
using Reason = std::string;

const Reason kBroken = "not a valid protobuf message";

template <class Id>
std::optional<Id> read_id(std::string_view bytes) {
  Id id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  std::ranges::transform(bytes, id.bytes.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return id;
}

template <class Enum>
Enum read_enum(const Field& field, Enum last) {
  return field.value <= static_cast<std::uint64_t>(last) ? static_cast<Enum>(field.value) : Enum{};
}

std::uint32_t clamp_count(std::uint64_t count) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 1'000'000'000));
}

/// Reads the parts of one span.
class SpanReader {
 public:
  SpanReader(Span& span, const DecodeLimits& limits) : span_{span}, limits_{limits} {}

  Reason read(std::string_view bytes) {
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      Reason reason = field->type == Type::kBytes ? read_bytes(*field) : Reason{};
      if (!reason.empty()) return reason;
      read_number(*field);
    }
    if (reader.broken()) return kBroken;
    if (!span_.trace_id.valid()) return "trace_id is missing or all zero";
    if (!span_.span_id.valid()) return "span_id is missing or all zero";
    return {};
  }

 private:
  void read_number(const Field& field) {
    if (field.is(6, Type::kVarint)) span_.kind = read_enum(field, SpanKind::kConsumer);
    if (field.is(7, Type::kFixed64)) span_.start_unix_ns = field.value;
    if (field.is(8, Type::kFixed64)) span_.end_unix_ns = field.value;
    if (field.is(10, Type::kVarint)) span_.dropped_attributes += clamp_count(field.value);
    if (field.is(12, Type::kVarint)) span_.dropped_events += clamp_count(field.value);
    if (field.is(14, Type::kVarint)) span_.dropped_links += clamp_count(field.value);
  }

  Reason read_bytes(const Field& field) {
    switch (field.number) {
      case 1:
        return read_id_field(field.bytes, "trace_id", span_.trace_id);
      case 2:
        return read_id_field(field.bytes, "span_id", span_.span_id);
      case 3:
        span_.trace_state = text(field.bytes);
        return {};
      case 4:
        if (field.bytes.empty()) return {};
        return read_id_field(field.bytes, "parent_span_id", span_.parent_id);
      case 5:
        span_.name = text(field.bytes);
        return {};
      case 9:
        return read_attribute(field.bytes, span_.attributes, span_.dropped_attributes)
                   ? Reason{}
                   : "an attribute is " + kBroken;
      case 11:
        return read_event(field.bytes) ? Reason{} : "an event is " + kBroken;
      case 13:
        return read_link(field.bytes) ? Reason{} : "a link is " + kBroken;
      case 15:
        return read_status(field.bytes) ? Reason{} : "status is " + kBroken;
      default:
        return {};
    }
  }

  template <class Id>
  Reason read_id_field(std::string_view bytes, std::string_view field_name, Id& id) {
    const auto read = read_id<Id>(bytes);
    if (!read) {
      return fmt::format("{} has {} bytes, must have {}", field_name, bytes.size(),
                         id.bytes.size());
    }
    id = *read;
    return {};
  }

  bool read_attribute(std::string_view bytes, std::vector<Attribute>& attributes,
                      std::uint32_t& dropped) {
    if (attributes.size() >= limits_.attributes_max) {
      ++dropped;
      return true;
    }
    auto attribute = read_otlp_attribute(bytes, limits_.text_bytes_max, span_.truncated_values);
    if (!attribute) return false;
    attributes.push_back(std::move(*attribute));
    return true;
  }

  bool read_event(std::string_view bytes) {
    if (span_.events.size() >= limits_.events_max) {
      ++span_.dropped_events;
      return true;
    }
    Event event;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(1, Type::kFixed64)) event.time_unix_ns = field->value;
      if (field->is(2, Type::kBytes)) event.name = text(field->bytes);
      if (field->is(3, Type::kBytes) &&
          !read_attribute(field->bytes, event.attributes, span_.dropped_attributes)) {
        return false;
      }
    }
    if (reader.broken()) return false;
    span_.events.push_back(std::move(event));
    return true;
  }

  bool read_link(std::string_view bytes) {
    if (span_.links.size() >= limits_.links_max) {
      ++span_.dropped_links;
      return true;
    }
    Link link;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(1, Type::kBytes))
        link.trace_id = read_id<TraceId>(field->bytes).value_or(TraceId{});
      if (field->is(2, Type::kBytes))
        link.span_id = read_id<SpanId>(field->bytes).value_or(SpanId{});
    }
    if (reader.broken()) return false;
    if (link.trace_id.valid() && link.span_id.valid()) {
      span_.links.push_back(link);
    } else {
      ++span_.dropped_links;
    }
    return true;
  }

  bool read_status(std::string_view bytes) {
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(2, Type::kBytes)) span_.status_message = text(field->bytes);
      if (field->is(3, Type::kVarint)) span_.status = read_enum(*field, SpanStatus::kError);
    }
    return !reader.broken();
  }

  std::string text(std::string_view bytes) {
    return cut_text(bytes, limits_.text_bytes_max, span_.truncated_values);
  }

  Span& span_;
  const DecodeLimits& limits_;
};

/// Reads a whole request; remembers where it is, for the error's position.
class RequestReader {
 public:
  explicit RequestReader(const DecodeLimits& limits) : limits_{limits} {}

  Result<std::vector<Span>> read(std::string_view body) {
    ProtobufReader reader{body};
    while (const auto field = reader.next()) {
      if (!field->is(1, Type::kBytes)) continue;
      if (auto read = read_resource_spans(field->bytes); !read) return error(read.error());
      ++resource_index_;
    }
    if (reader.broken()) {
      return error(Code::kInvalidArgument,
                   fmt::format("the body is not a protobuf ExportTraceServiceRequest "
                               "({} bytes, broken at or after resource_spans[{}])",
                               body.size(), resource_index_));
    }
    return std::move(spans_);
  }

 private:
  Result<> read_resource_spans(std::string_view bytes) {
    auto resource = std::make_shared<Resource>();
    ProtobufReader resources{bytes};
    while (const auto field = resources.next()) {
      if (field->is(1, Type::kBytes) && !read_resource(field->bytes, *resource)) {
        return refuse(fmt::format("resource_spans[{}].resource", resource_index_), kBroken);
      }
    }
    if (resources.broken())
      return refuse(fmt::format("resource_spans[{}]", resource_index_), kBroken);
    if (resource->service_name.empty()) resource->service_name = kUnknownService;

    // The resource may follow its spans: it is read first, in a pass of its own.
    scope_index_ = 0;
    ProtobufReader scopes{bytes};
    while (const auto field = scopes.next()) {
      if (!field->is(2, Type::kBytes)) continue;
      if (auto read = read_scope_spans(field->bytes, resource); !read) return read;
      ++scope_index_;
    }
    return {};
  }

  bool read_resource(std::string_view bytes, Resource& resource) {
    std::uint32_t truncated = 0;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (!field->is(1, Type::kBytes)) continue;
      auto attribute = read_otlp_attribute(field->bytes, limits_.text_bytes_max, truncated);
      if (!attribute) return false;
      if (attribute->key == "service.name") {
        resource.service_name = to_text(attribute->value);
      } else if (resource.attributes.size() < limits_.attributes_max) {
        resource.attributes.push_back(std::move(*attribute));
      }
    }
    return !reader.broken();
  }

  Result<> read_scope_spans(std::string_view bytes,
                            const std::shared_ptr<const Resource>& resource) {
    Instrumentation read;
    ProtobufReader scopes{bytes};
    while (const auto field = scopes.next()) {
      if (field->is(1, Type::kBytes) && !read_scope(field->bytes, read)) {
        return refuse(scope_position() + ".scope", kBroken);
      }
    }
    if (scopes.broken()) return refuse(scope_position(), kBroken);
    const auto scope = read == Instrumentation{}
                           ? nullptr
                           : std::make_shared<const Instrumentation>(std::move(read));

    std::size_t index = 0;
    ProtobufReader spans{bytes};
    while (const auto field = spans.next()) {
      if (!field->is(2, Type::kBytes)) continue;
      if (spans_.size() >= limits_.spans_max) {
        return error(Code::kResourceExhausted,
                     fmt::format("more than {} spans in one request", limits_.spans_max));
      }
      Span& span = spans_.emplace_back();
      span.resource = resource;
      span.scope = scope;
      const Reason reason = SpanReader{span, limits_}.read(field->bytes);
      if (!reason.empty())
        return refuse(fmt::format("{}.spans[{}]", scope_position(), index), reason);
      ++index;
    }
    return {};
  }

  /// A field that comes again replaces the one before it: what is kept has a limit.
  bool read_scope(std::string_view bytes, Instrumentation& scope) {
    std::uint32_t truncated = 0;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      const bool is_name = field->is(1, Type::kBytes);
      if (!is_name && !field->is(2, Type::kBytes)) continue;
      (is_name ? scope.name : scope.version) =
          cut_text(field->bytes, limits_.scope_bytes_max, truncated);
    }
    return !reader.broken();
  }

  [[nodiscard]] std::string scope_position() const {
    return fmt::format("resource_spans[{}].scope_spans[{}]", resource_index_, scope_index_);
  }

  static Result<> refuse(std::string_view position, std::string_view reason) {
    return error(Code::kInvalidArgument, fmt::format("{}: {}", position, reason));
  }

  const DecodeLimits& limits_;
  std::vector<Span> spans_;
  std::size_t resource_index_ = 0;
  std::size_t scope_index_ = 0;
};

}  // namespace

Result<std::vector<Span>> decode_otlp_traces(std::string_view body, const DecodeLimits& limits) {
  return RequestReader{limits}.read(body);
}

Result<std::vector<Span>> decode_otlp_traces_json(std::string_view body,
                                                  const DecodeLimits& limits) {
  const auto message = json_to_protobuf(body, otlp_request_schema());
  if (!message) return error(message.error());
  return decode_otlp_traces(*message, limits);
}

std::string otlp_failure_body(const Status& status) {
  std::string body;
  telemetry::otlp::append_varint_field(body, 1, static_cast<std::uint64_t>(status.code()));
  telemetry::otlp::append_bytes_field(body, 2, status.message());
  return body;
}

std::string otlp_failure_json(const Status& status) {
  std::string body = fmt::format(R"({{"code":{},"message":)", static_cast<int>(status.code()));
  http::json::append_string(body, status.message());
  return body += '}';
}

}  // namespace hal::collector
