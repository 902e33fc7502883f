// The JSON of Jaeger's query API, so that what reads Jaeger can read this collector.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hal/collector/span.hpp>
#include <hal/collector/store.hpp>

namespace hal::collector {

/// Writes the body of GET /api/traces and GET /api/traces/{id} piece by piece: what `out` holds may
/// be taken away in between. Spans become Jaeger's as Jaeger v2 turns
/// OTLP into them: microseconds; events as logs; links as FOLLOWS_FROM references; kind and status
/// as the tags span.kind, otel.status_code, error, otel.status_description; the resource as a
/// process. What limits dropped is said in a span's warnings. Ids have all their 32 and 16 digits.
class TracesJson {
 public:
  /// `out` must outlive it.
  explicit TracesJson(std::string& out);
  void add(const Trace& trace);
  void end();

 private:
  std::string& out_;
  bool first_ = true;
};

/// All of it at once.
[[nodiscard]] std::string traces_json(std::span<const Trace> traces);

/// The body of GET /api/services and GET /api/services/{service}/operations.
[[nodiscard]] std::string names_json(std::span<const std::string> names);

/// The body of GET /api/operations?service=...
[[nodiscard]] std::string operations_json(std::span<const Operation> operations);

/// The body of an answer with HTTP status `code`: {"data":null,...,"errors":[{"code","msg"}]}.
/// Jaeger's text for an unknown trace is "trace not found", with 404.
[[nodiscard]] std::string error_json(int code, std::string_view message);

}  // namespace hal::collector
