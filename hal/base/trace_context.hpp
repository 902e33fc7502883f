// The trace context of a request as plain data. Reading and writing headers is wire's work.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hal {

/// 16 bytes, big-endian as in W3C traceparent. All zero is invalid (W3C Trace Context 3.2.2.3).
struct TraceId {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] bool valid() const noexcept { return bytes != std::array<std::uint8_t, 16>{}; }
  /// 32 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  /// 1-32 hexadecimal digits of either case, padded with zeros on the left; nullopt for others.
  [[nodiscard]] static std::optional<TraceId> from_hex(std::string_view text) noexcept;
  friend auto operator<=>(const TraceId&, const TraceId&) = default;
};

/// 8 bytes, big-endian. All zero is invalid (W3C Trace Context 3.2.2.4).
struct SpanId {
  std::array<std::uint8_t, 8> bytes{};

  [[nodiscard]] bool valid() const noexcept { return bytes != std::array<std::uint8_t, 8>{}; }
  /// 16 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  /// 1-16 hexadecimal digits of either case, padded with zeros on the left; nullopt for others.
  [[nodiscard]] static std::optional<SpanId> from_hex(std::string_view text) noexcept;
  friend auto operator<=>(const SpanId&, const SpanId&) = default;
};

/// The sampling decision in B3's four states (openzipkin/b3-propagation, "Sampling State").
enum class Sampling : std::uint8_t {
  kDeferred,  ///< nobody has decided yet
  kDenied,
  kAccepted,
  kDebug,  ///< accepted, and no sampler may drop it
};

[[nodiscard]] constexpr bool is_sampled(Sampling sampling) noexcept {
  return sampling == Sampling::kAccepted || sampling == Sampling::kDebug;
}

/// Where a request stands in its trace: what the next hop needs to join it.
struct SpanContext {
  TraceId trace_id{};
  SpanId span_id{};
  Sampling sampling = Sampling::kDeferred;
  bool random = false;  ///< W3C level 2 random-trace-id flag, kept as received

  [[nodiscard]] bool valid() const noexcept { return trace_id.valid() && span_id.valid(); }
  friend bool operator==(const SpanContext&, const SpanContext&) = default;
};

/// What travels with a request beside its SpanContext: made once when the request arrives,
/// immutable and shared afterwards (safe to read from any thread).
struct ForwardedHeaders {
  std::string request_id{};          ///< x-request-id, byte for byte as received or minted here
  std::string trace_state{};         ///< tracestate; empty unless the parent came from traceparent
  std::string baggage{};             ///< baggage, joined with "," over all its headers
  bool trace_parent_seen = false;    ///< a traceparent came in: a deferred context may send one
  bool grpc_trace_bin_seen = false;  ///< grpc-trace-bin came in, so it is re-encoded outbound
  /// Headers passed on verbatim: formats the kit cannot encode, and the user's own allow-list.
  std::vector<std::pair<std::string, std::string>> pass_through{};
};

using ForwardedHeadersPtr = std::shared_ptr<const ForwardedHeaders>;

}  // namespace hal
