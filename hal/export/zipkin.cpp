#include <hal/export/zipkin.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/base/hex.hpp>
#include <hal/export/guarded_post.hpp>
#include <hal/http/json.hpp>
#include <hal/net/endpoint.hpp>
#include <hal/telemetry/semconv.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <hal/internal/otlp.pb.h>

namespace hal::exporter {
namespace {

namespace otlp = internal::otlp;
namespace semconv = telemetry::semconv;

// The JSON of zipkin2-api.yaml; what is empty is left out.
using Tags = std::map<std::string, std::string>;

struct ZipkinEndpoint {
  std::optional<std::string> service_name{};
  std::optional<std::string> ipv4{};
  std::optional<std::string> ipv6{};
  std::optional<std::uint16_t> port{};

  static constexpr std::string_view json_name(std::string_view member) {
    return member == "service_name" ? "serviceName" : member;
  }
};
BOOST_DESCRIBE_STRUCT(ZipkinEndpoint, (), (service_name, ipv4, ipv6, port))

struct ZipkinAnnotation {
  std::uint64_t timestamp = 0;
  std::string value{};
};
BOOST_DESCRIBE_STRUCT(ZipkinAnnotation, (), (timestamp, value))

struct ZipkinSpan {
  std::string trace_id{};
  std::optional<std::string> parent_id{};
  std::string id{};
  std::optional<std::string> kind{};
  std::string name{};
  std::uint64_t timestamp = 0;
  std::uint64_t duration = 0;
  ZipkinEndpoint local_endpoint{};
  std::optional<ZipkinEndpoint> remote_endpoint{};
  std::optional<std::vector<ZipkinAnnotation>> annotations{};
  std::optional<Tags> tags{};

  static constexpr std::string_view json_name(std::string_view member) {
    if (member == "trace_id") return "traceId";
    if (member == "parent_id") return "parentId";
    if (member == "local_endpoint") return "localEndpoint";
    if (member == "remote_endpoint") return "remoteEndpoint";
    return member;
  }
};
BOOST_DESCRIBE_STRUCT(ZipkinSpan, (),
                      (trace_id, parent_id, id, kind, name, timestamp, duration, local_endpoint,
                       remote_endpoint, annotations, tags))

std::string hex_of(const std::string& bytes) {
  return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

/// As a tag has it: numbers and flags as text, a list as JSON.
std::string text_of(const otlp::AnyValue& value) {
  switch (value.value_case()) {
    case otlp::AnyValue::kStringValue:
      return value.string_value();
    case otlp::AnyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case otlp::AnyValue::kIntValue:
      return fmt::format("{}", value.int_value());
    case otlp::AnyValue::kDoubleValue:
      return fmt::format("{}", value.double_value());
    case otlp::AnyValue::kArrayValue: {
      std::vector<std::string> texts;  // the tracer writes no other lists
      for (const auto& each : value.array_value().values()) texts.push_back(text_of(each));
      return http::json::to_string(texts);
    }
    default:
      return {};
  }
}

Tags tags_of(const google::protobuf::RepeatedPtrField<otlp::KeyValue>& attributes) {
  Tags tags;
  for (const auto& attribute : attributes) {
    tags.insert_or_assign(attribute.key(), text_of(attribute.value()));
  }
  return tags;
}

std::optional<std::string> kind_of(otlp::Span::SpanKind kind) {
  switch (kind) {
    case otlp::Span::SPAN_KIND_SERVER:
      return "SERVER";
    case otlp::Span::SPAN_KIND_CLIENT:
      return "CLIENT";
    case otlp::Span::SPAN_KIND_PRODUCER:
      return "PRODUCER";
    case otlp::Span::SPAN_KIND_CONSUMER:
      return "CONSUMER";
    default:
      return std::nullopt;
  }
}

ZipkinEndpoint endpoint_at(const std::string& host, const std::string& port) {
  ZipkinEndpoint endpoint;
  if (!net::is_numeric_host(host)) {
    endpoint.service_name = ascii_lower(host);
  } else if (host.contains(':')) {
    endpoint.ipv6 = host;
  } else {
    endpoint.ipv4 = host;
  }
  endpoint.port = parse_int<std::uint16_t>(port);
  return endpoint;
}

/// Who is at the other end: without it Zipkin draws no arrow.
std::optional<ZipkinEndpoint> remote_of(const Tags& tags) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kBestFirst{
      {{"peer.service", ""},
       {semconv::kServerAddress, semconv::kServerPort},
       {semconv::kNetworkPeerAddress, semconv::kNetworkPeerPort}}};
  for (const auto& [address, port] : kBestFirst) {
    const auto host = tags.find(std::string{address});
    if (host == tags.end() || host->second.empty()) continue;
    const auto number = tags.find(std::string{port});
    return endpoint_at(host->second, number == tags.end() ? "" : number->second);
  }
  return std::nullopt;
}

void add_status(const otlp::Status& status, Tags& tags) {
  tags.erase("error");  // its presence alone says that the span has failed
  if (status.code() == otlp::Status::STATUS_CODE_OK) tags["otel.status_code"] = "OK";
  if (status.code() != otlp::Status::STATUS_CODE_ERROR) return;
  tags["otel.status_code"] = "ERROR";
  tags["error"] = status.message();
}

std::vector<ZipkinAnnotation> annotations_of(const otlp::Span& span) {
  std::vector<ZipkinAnnotation> annotations;
  for (const auto& event : span.events()) {
    std::string value = event.name();
    if (event.attributes_size() > 0) {
      value =
          http::json::to_string(value) + ": " + http::json::to_string(tags_of(event.attributes()));
    }
    annotations.push_back({.timestamp = event.time_unix_nano() / 1000, .value = std::move(value)});
  }
  return annotations;
}

void add_count(std::string_view name, std::uint32_t count, Tags& tags) {
  if (count > 0) tags.insert_or_assign(std::string{name}, fmt::format("{}", count));
}

ZipkinSpan zipkin_span(const otlp::Span& span) {
  const std::uint64_t nanoseconds =
      std::max(span.end_time_unix_nano(), span.start_time_unix_nano()) -
      span.start_time_unix_nano();
  ZipkinSpan made{.trace_id = hex_of(span.trace_id()),
                  .id = hex_of(span.span_id()),
                  .kind = kind_of(span.kind()),
                  .name = ascii_lower(span.name()),
                  .timestamp = span.start_time_unix_nano() / 1000,
                  .duration = std::max<std::uint64_t>(nanoseconds / 1000, 1)};
  if (!span.parent_span_id().empty()) made.parent_id = hex_of(span.parent_span_id());
  Tags tags = tags_of(span.attributes());
  if (made.kind) made.remote_endpoint = remote_of(tags);
  add_status(span.status(), tags);
  if (!span.trace_state().empty()) tags["w3c.tracestate"] = span.trace_state();
  add_count("otel.dropped_attributes_count", span.dropped_attributes_count(), tags);
  add_count("otel.dropped_events_count", span.dropped_events_count(), tags);
  if (span.events_size() > 0) made.annotations = annotations_of(span);
  made.tags = std::move(tags);
  return made;
}

class ZipkinSender final : public SpanSender {
 public:
  ZipkinSender(std::string endpoint, std::span<const telemetry::Attribute> resource,
               std::shared_ptr<HttpPost> post)
      : json_{resource},
        post_{std::move(post),
              std::move(endpoint),
              {{"content-type", "application/json"}, {"user-agent", "hal9000"}}} {}

  Task<Delivery> send(const std::string& spans) override {
    auto outcome = co_await post_.send(json_.encode(spans));
    co_return std::move(outcome.delivery);
  }

 private:
  const ZipkinJson json_;
  const GuardedPost post_;
};

}  // namespace

ZipkinJson::ZipkinJson(std::span<const telemetry::Attribute> resource) {
  for (const auto& [key, value] : resource) {
    const auto* text = std::get_if<std::string_view>(&value.variant());
    if (text == nullptr || key.starts_with("telemetry.sdk.")) continue;
    if (key == semconv::kServiceName) {
      service_ = ascii_lower(*text);
    } else {
      tags_.insert_or_assign(std::string{key}, std::string{*text});
    }
  }
}

std::string ZipkinJson::encode(std::string_view spans) const {
  otlp::ScopeSpans batch;  // whose only fields are the spans
  expects(batch.ParseFromArray(spans.data(), static_cast<int>(spans.size())),
          "a batch is made of spans as the tracer writes them");
  std::string json = "[";
  for (const auto& span : batch.spans()) {
    ZipkinSpan made = zipkin_span(span);
    made.local_endpoint.service_name = service_;
    made.tags->insert(tags_.begin(), tags_.end());  // a span's own attribute wins
    if (made.tags->empty()) made.tags.reset();
    if (json.size() > 1) json += ',';
    http::json::append(json, made);
  }
  json += ']';
  return json;
}

std::shared_ptr<SpanSender> make_zipkin_sender(std::string endpoint,
                                               std::span<const telemetry::Attribute> resource,
                                               std::shared_ptr<HttpPost> post) {
  return std::make_shared<ZipkinSender>(std::move(endpoint), resource, std::move(post));
}

}  // namespace hal::exporter
