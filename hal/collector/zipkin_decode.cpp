#include <hal/collector/zipkin_decode.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <hal/collector/json_to_protobuf.hpp>
#include <hal/collector/otlp_value.hpp>
#include <hal/collector/protobuf_reader.hpp>

namespace hal::collector {
namespace {

using Type = ProtobufReader::Type;
using Field = ProtobufReader::Field;

/// Why a span is refused; empty when it is not.
using Reason = std::string;

const Reason kBroken = " is not a valid protobuf message";

// The messages of zipkin.proto under their names in JSON. Their kinds are numbered otherwise than
// OTLP's.
constexpr std::array<std::string_view, 5> kKinds{"SPAN_KIND_UNSPECIFIED", "CLIENT", "SERVER",
                                                 "PRODUCER", "CONSUMER"};
constexpr std::array kSpanKinds{SpanKind::kInternal, SpanKind::kClient, SpanKind::kServer,
                                SpanKind::kProducer, SpanKind::kConsumer};

constexpr JsonField kEndpointFields[] = {
    {.name = "serviceName", .number = 1},
    {.name = "ipv4", .number = 2, .form = JsonForm::kIpAddress},
    {.name = "ipv6", .number = 3, .form = JsonForm::kIpAddress},
    {.name = "port", .number = 4, .form = JsonForm::kInt64}};
constexpr JsonMessage kEndpoint{kEndpointFields};

constexpr JsonField kAnnotationFields[] = {
    {.name = "timestamp", .number = 1, .form = JsonForm::kFixed64}, {.name = "value", .number = 2}};
constexpr JsonMessage kAnnotation{kAnnotationFields};

constexpr JsonField kSpanFields[] = {
    {.name = "traceId", .number = 1, .form = JsonForm::kHexNumber},
    {.name = "parentId", .number = 2, .form = JsonForm::kHexNumber},
    {.name = "id", .number = 3, .form = JsonForm::kHexNumber},
    {.name = "kind", .number = 4, .form = JsonForm::kEnum, .names = kKinds},
    {.name = "name", .number = 5},
    {.name = "timestamp", .number = 6, .form = JsonForm::kFixed64},
    {.name = "duration", .number = 7, .form = JsonForm::kUint64},
    {.name = "localEndpoint", .number = 8, .form = JsonForm::kMessage, .message = &kEndpoint},
    {.name = "remoteEndpoint", .number = 9, .form = JsonForm::kMessage, .message = &kEndpoint},
    {.name = "annotations",
     .number = 10,
     .form = JsonForm::kMessage,
     .repeated = true,
     .message = &kAnnotation},
    {.name = "tags", .number = 11, .form = JsonForm::kTextMap},
    {.name = "debug", .number = 12, .form = JsonForm::kBool},
    {.name = "shared", .number = 13, .form = JsonForm::kBool}};
constexpr JsonMessage kSpan{kSpanFields};

constexpr JsonField kListOfSpans{
    .name = "spans", .number = 1, .form = JsonForm::kMessage, .repeated = true, .message = &kSpan};

/// False if the bytes are more than an id has, or all zero.
template <class Id>
bool read_id(std::string_view bytes, Id& id) {
  if (bytes.size() > id.bytes.size()) return false;
  id = {};
  std::ranges::transform(bytes, id.bytes.end() - static_cast<std::ptrdiff_t>(bytes.size()),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return id.valid();
}

/// False if they are more than 64 bits of nanoseconds hold.
bool read_micros(std::uint64_t micros, std::uint64_t& nanos) {
  if (micros > UINT64_MAX / 1000) return false;
  nanos = micros * 1000;
  return true;
}

std::string ip_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  const char* made =
      inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return made == nullptr ? std::string{} : std::string{made};
}

struct Endpoint {
  std::string_view service;
  std::string ip;
  std::uint64_t port = 0;

  /// False if the bytes are no such message.
  bool read(std::string_view bytes) {
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(1, Type::kBytes)) service = field->bytes;
      if (field->is(2, Type::kBytes) && !field->bytes.empty()) ip = ip_text(field->bytes);
      if (field->is(3, Type::kBytes) && ip.empty()) ip = ip_text(field->bytes);
      if (field->is(4, Type::kVarint)) port = field->value;
    }
    return !reader.broken();
  }
};

/// Reads the parts of one span.
class SpanReader {
 public:
  SpanReader(Span& span, const DecodeLimits& limits) : span_{span}, limits_{limits} {}

  Reason read(std::string_view bytes) {
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      Reason reason = field->type == Type::kBytes ? read_bytes(*field) : read_number(*field);
      if (!reason.empty()) return reason;
    }
    if (reader.broken()) return kBroken;
    return finish();
  }
  [[nodiscard]] std::string_view service() const noexcept { return local_.service; }

 private:
  Reason read_number(const Field& field) {
    if (field.is(4, Type::kVarint) && field.value < kSpanKinds.size()) {
      span_.kind = kSpanKinds[field.value];
    }
    if (field.is(6, Type::kFixed64) && !read_micros(field.value, span_.start_unix_ns)) {
      return ".timestamp: must be a time in microseconds since 1970";
    }
    if (field.is(7, Type::kVarint) && !read_micros(field.value, duration_ns_)) {
      return ".duration: must be a time in microseconds";
    }
    if (field.is(12, Type::kVarint)) debug_ = field.value != 0;
    if (field.is(13, Type::kVarint)) span_.shared = field.value != 0;
    return {};
  }

  Reason read_bytes(const Field& field) {
    switch (field.number) {
      case 1:
        if (read_id(field.bytes, span_.trace_id)) return {};
        return ".traceId: must be 1 to 32 hexadecimal digits, not all zero";
      case 2:
        if (field.bytes.size() > 8) return ".parentId: must be 1 to 16 hexadecimal digits";
        (void)read_id(field.bytes, span_.parent_id);
        return {};
      case 3:
        if (read_id(field.bytes, span_.span_id)) return {};
        return ".id: must be 1 to 16 hexadecimal digits, not all zero";
      case 5:
        span_.name = text(field.bytes);
        return {};
      case 8:
        return local_.read(field.bytes) ? Reason{} : ".localEndpoint" + kBroken;
      case 9:
        return remote_.read(field.bytes) ? Reason{} : ".remoteEndpoint" + kBroken;
      case 10:
        return read_annotation(field.bytes);
      case 11:
        return read_tag(field.bytes) ? Reason{} : ".tags: one" + kBroken;
      default:
        return {};
    }
  }

  Reason read_annotation(std::string_view bytes) {
    if (span_.events.size() >= limits_.events_max) {
      ++span_.dropped_events;
      return {};
    }
    Event event;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(1, Type::kFixed64) && !read_micros(field->value, event.time_unix_ns)) {
        return ".annotations: a timestamp must be a time in microseconds since 1970";
      }
      if (field->is(2, Type::kBytes)) event.name = text(field->bytes);
    }
    if (reader.broken()) return ".annotations: one" + kBroken;
    span_.events.push_back(std::move(event));
    return {};
  }

  bool read_tag(std::string_view bytes) {
    std::string_view key;
    std::string_view value;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(1, Type::kBytes)) key = field->bytes;
      if (field->is(2, Type::kBytes)) value = field->bytes;
    }
    if (reader.broken()) return false;
    if (!take_field(key, value)) add(key, text(value));
    return true;
  }

  /// The tags that stand for fields.
  bool take_field(std::string_view key, std::string_view value) {
    if (key == "error") {
      if (value == "false") return false;
      is_error_ = true;
      if (value != "true") error_ = text(value);
    } else if (key == "otel.status_code") {
      if (value.ends_with("OK")) span_.status = SpanStatus::kOk;
      if (value.ends_with("ERROR")) span_.status = SpanStatus::kError;
    } else if (key == "otel.status_description") {
      span_.status_message = text(value);
    } else if (key == "w3c.tracestate") {
      span_.trace_state = text(value);
    } else if (key == "span.kind") {
      kind_tag_ = span_kind_from_name(value);
      return kind_tag_ != SpanKind::kUnspecified;
    } else {
      return false;
    }
    return true;
  }

  Reason finish() {
    if (!span_.trace_id.valid()) return ".traceId: is missing";
    if (!span_.span_id.valid()) return ".id: is missing";
    if (span_.parent_id == span_.span_id) span_.parent_id = {};  // a root, as old clients write it
    if (span_.kind == SpanKind::kUnspecified) {
      span_.kind = kind_tag_ == SpanKind::kUnspecified ? SpanKind::kInternal : kind_tag_;
    }
    if (is_error_) span_.status = SpanStatus::kError;
    if (span_.status_message.empty()) span_.status_message = std::move(error_);
    if (span_.start_unix_ns == 0 && !span_.events.empty()) {
      span_.start_unix_ns = std::ranges::min(span_.events, {}, &Event::time_unix_ns).time_unix_ns;
    }
    span_.end_unix_ns =
        span_.start_unix_ns + std::min(duration_ns_, UINT64_MAX - span_.start_unix_ns);
    add_endpoints();
    return {};
  }

  void add_endpoints() {
    if (!local_.ip.empty()) add("net.host.ip", std::move(local_.ip));
    if (local_.port != 0) add("net.host.port", static_cast<std::int64_t>(local_.port));
    if (!remote_.service.empty()) add("peer.service", text(remote_.service));
    if (!remote_.ip.empty()) add("net.peer.ip", std::move(remote_.ip));
    if (remote_.port != 0) add("net.peer.port", static_cast<std::int64_t>(remote_.port));
    if (debug_) add("debug", true);
  }

  void add(std::string_view key, Value value) {
    if (span_.attributes.size() >= limits_.attributes_max) {
      ++span_.dropped_attributes;
      return;
    }
    span_.attributes.push_back({text(key), std::move(value)});
  }

  std::string text(std::string_view bytes) {
    return cut_text(bytes, limits_.text_bytes_max, span_.truncated_values);
  }

  Span& span_;
  const DecodeLimits& limits_;
  Endpoint local_;
  Endpoint remote_;
  std::uint64_t duration_ns_ = 0;
  SpanKind kind_tag_ = SpanKind::kUnspecified;
  std::string error_;
  bool is_error_ = false;
  bool debug_ = false;
};

/// Reads the list; spans of one service share their Resource.
class ListReader {
 public:
  explicit ListReader(const DecodeLimits& limits) : limits_{limits} {}

  Result<std::vector<Span>> read(std::string_view body) {
    ProtobufReader reader{body};
    while (const auto field = reader.next()) {
      if (!field->is(1, Type::kBytes)) continue;
      if (spans_.size() >= limits_.spans_max) {
        return error(Code::kResourceExhausted,
                     fmt::format("more than {} spans in one request", limits_.spans_max));
      }
      const std::size_t index = spans_.size();
      Span& span = spans_.emplace_back();
      SpanReader span_reader{span, limits_};
      const Reason reason = span_reader.read(field->bytes);
      if (!reason.empty()) {
        return error(Code::kInvalidArgument, fmt::format("$[{}]{}", index, reason));
      }
      span.resource = resource(span_reader.service());
    }
    if (reader.broken()) {
      return error(Code::kInvalidArgument,
                   fmt::format("the body is not a protobuf ListOfSpans ({} bytes, broken at or "
                               "after span {})",
                               body.size(), spans_.size()));
    }
    return std::move(spans_);
  }

 private:
  std::shared_ptr<const Resource> resource(std::string_view service) {
    std::uint32_t truncated = 0;
    std::string name = cut_text(service, limits_.text_bytes_max, truncated);
    if (name.empty()) name = kUnknownService;
    auto& known = resources_[name];
    if (known == nullptr) known = std::make_shared<const Resource>(std::move(name));
    return known;
  }

  const DecodeLimits& limits_;
  std::vector<Span> spans_;
  std::map<std::string, std::shared_ptr<const Resource>> resources_;
};

}  // namespace

Result<std::vector<Span>> decode_zipkin_json(std::string_view body, const DecodeLimits& limits) {
  const auto message = json_to_protobuf(body, kListOfSpans);
  if (!message) return error(message.error());
  return decode_zipkin_protobuf(*message, limits);
}

Result<std::vector<Span>> decode_zipkin_protobuf(std::string_view body,
                                                 const DecodeLimits& limits) {
  return ListReader{limits}.read(body);
}

}  // namespace hal::collector
