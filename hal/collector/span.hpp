// What the collector keeps: spans and traces as plain data, whatever format they came in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <hal/base/trace_context.hpp>

namespace hal::collector {

/// The value of an attribute that is bytes, not text.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// Arrays and maps are kept as their JSON text, as Jaeger keeps them.
using Value = std::variant<std::string, bool, std::int64_t, double, Bytes>;

struct Attribute {
  std::string key;
  Value value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

struct Event {
  std::uint64_t time_unix_ns = 0;
  std::string name{};
  std::vector<Attribute> attributes{};
  friend bool operator==(const Event&, const Event&) = default;
};

/// A span of this or another trace that this one follows from.
struct Link {
  TraceId trace_id{};
  SpanId span_id{};
  friend bool operator==(const Link&, const Link&) = default;
};

/// The numbers of OTLP (opentelemetry-proto trace.proto, Span.SpanKind).
enum class SpanKind : std::uint8_t {
  kUnspecified = 0,
  kInternal = 1,
  kServer = 2,
  kClient = 3,
  kProducer = 4,
  kConsumer = 5,
};

/// "server"; empty for kUnspecified. Static storage.
[[nodiscard]] std::string_view name(SpanKind kind) noexcept;
/// The kind that name() spells so; kUnspecified for any other text.
[[nodiscard]] SpanKind span_kind_from_name(std::string_view name) noexcept;

/// The numbers of OTLP (opentelemetry-proto trace.proto, Status.StatusCode).
enum class SpanStatus : std::uint8_t { kUnset = 0, kOk = 1, kError = 2 };

/// The program a span comes from; immutable and shared by all spans it sent together.
struct Resource {
  std::string service_name{};           ///< attribute service.name, which `attributes` leaves out
  std::vector<Attribute> attributes{};  ///< k8s.pod.name, service.version, ...
  friend bool operator==(const Resource&, const Resource&) = default;
};

/// The library that made a span; immutable and shared by all spans of it that came together.
struct Instrumentation {
  std::string name{};
  std::string version{};
  friend bool operator==(const Instrumentation&, const Instrumentation&) = default;
};

/// The tags that an Instrumentation is shown as (opentelemetry-specification
/// "common/mapping-to-non-otlp.md").
inline constexpr std::string_view kScopeName = "otel.scope.name";
inline constexpr std::string_view kScopeVersion = "otel.scope.version";

/// The name of a resource without service.name (OpenTelemetry semantic conventions, "Service").
inline constexpr std::string_view kUnknownService = "unknown_service";

struct Span {
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_id{};  ///< all zero: a root
  std::string name{};
  SpanKind kind = SpanKind::kUnspecified;
  SpanStatus status = SpanStatus::kUnset;
  std::string status_message{};
  std::uint64_t start_unix_ns = 0;
  std::uint64_t end_unix_ns = 0;
  std::string trace_state{};
  std::vector<Attribute> attributes{};
  std::vector<Event> events{};
  std::vector<Link> links{};
  std::shared_ptr<const Resource> resource{};      ///< never null in a stored span
  std::shared_ptr<const Instrumentation> scope{};  ///< null: the sender names none
  std::uint32_t dropped_attributes = 0;            ///< by the sender or by a limit here
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  std::uint32_t truncated_values = 0;  ///< texts cut here, because they were too long
  /// Zipkin: the server's half of a span, under the id of the client's half.
  bool shared = false;

  [[nodiscard]] bool is_root() const noexcept { return !parent_id.valid(); }
  /// 0 for a span that ends before it starts.
  [[nodiscard]] std::uint64_t duration_ns() const noexcept {
    return end_unix_ns > start_unix_ns ? end_unix_ns - start_unix_ns : 0;
  }
  /// kUnknownService when there is no resource.
  [[nodiscard]] std::string_view service() const noexcept {
    return resource ? std::string_view{resource->service_name} : kUnknownService;
  }
};

struct Trace {
  TraceId id{};
  std::vector<Span> spans{};            ///< by start, span id, kind
  std::vector<std::string> warnings{};  ///< of the backend the trace was read from

  /// The earliest start and the latest end; 0 without spans.
  [[nodiscard]] std::uint64_t start_unix_ns() const noexcept;
  [[nodiscard]] std::uint64_t end_unix_ns() const noexcept;
  /// The order `spans` is kept in.
  void sort_spans();
};

/// The value as a person would type it: text, `true`, `42`, `0.5`; bytes as hexadecimal digits.
[[nodiscard]] std::string to_text(const Value& value);

/// The value of the first attribute with this key; null when there is none.
/// Points into `attributes`.
[[nodiscard]] const Value* find_attribute(const std::vector<Attribute>& attributes,
                                          std::string_view key) noexcept;

}  // namespace hal::collector
