#include <hal/wire/trace_formats.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/hex.hpp>
#include <hal/wire/base64.hpp>

#include <algorithm>
#include <utility>

namespace hal::wire {
namespace {

constexpr std::size_t kTraceparentSize = 55;
constexpr std::size_t kBinarySize = 29;

ParsedContext refused(RejectReason reason, Sampling sampling = Sampling::kDeferred) noexcept {
  return {.context = {.sampling = sampling}, .parent = {}, .rejected = reason};
}

/// The context, or kZeroId if one of its ids is zero.
ParsedContext checked(const SpanContext& context, SpanId parent = {}) noexcept {
  if (!context.valid()) return refused(RejectReason::kZeroId, context.sampling);
  return {.context = context, .parent = parent, .rejected = {}};
}

bool is_lower_hex(std::string_view text) noexcept {
  // No early exit: the compiler makes vector code of it, and nearly all ids are valid.
  bool bad = false;
  for (const char c : text) bad |= !(((c >= '0') & (c <= '9')) | ((c >= 'a') & (c <= 'f')));
  return !bad;
}

std::optional<Sampling> b3_state(char c) noexcept {
  switch (c) {
    case '0':
      return Sampling::kDenied;
    case '1':
      return Sampling::kAccepted;
    case 'd':
      return Sampling::kDebug;
    default:
      return std::nullopt;
  }
}

/// The text up to the next separator of uber-trace-id, and takes both off the front of `rest`.
std::string_view take_uber_part(std::string_view& rest) noexcept {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const bool encoded = rest[i] == '%' && ascii_iequals(rest.substr(i, 3), "%3a");
    if (rest[i] != ':' && !encoded) continue;
    const std::string_view part = rest.substr(0, i);
    rest.remove_prefix(i + (encoded ? 3 : 1));
    return part;
  }
  return std::exchange(rest, {});
}

char b3_state(Sampling sampling) noexcept {
  if (sampling == Sampling::kDebug) return 'd';
  return sampling == Sampling::kAccepted ? '1' : '0';
}

std::optional<TraceId> b3_trace_id(std::string_view text) noexcept {
  // 17 to 31 digits are a cut 128-bit id: padding it would join another trace.
  if (text.size() > 16 && text.size() != 32) return std::nullopt;
  return TraceId::from_hex(text);
}

}  // namespace

std::string_view to_string(RejectReason reason) noexcept {
  switch (reason) {
    case RejectReason::kTraceparent:
      return "traceparent";
    case RejectReason::kTraceparentRepeated:
      return "traceparent_repeated";
    case RejectReason::kB3Single:
      return "b3_single";
    case RejectReason::kB3Multi:
      return "b3_multi";
    case RejectReason::kB3Incomplete:
      return "b3_incomplete";
    case RejectReason::kB3Sampled:
      return "b3_sampled";
    case RejectReason::kGrpcTraceBin:
      return "grpc_trace_bin";
    case RejectReason::kUberTraceId:
      return "uber_trace_id";
    case RejectReason::kZeroId:
      return "zero_id";
  }
  return "unknown";
}

ParsedContext parse_traceparent(std::string_view value) noexcept {
  value = ascii_trim(value);
  if (value.size() < kTraceparentSize || value[2] != '-' || value[35] != '-' || value[52] != '-') {
    return refused(RejectReason::kTraceparent);
  }
  const std::string_view version = value.substr(0, 2);
  const std::string_view trace_id = value.substr(3, 32);
  const std::string_view span_id = value.substr(36, 16);
  const std::string_view flags = value.substr(53, 2);
  const bool longer = value.size() > kTraceparentSize;
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(trace_id) ||
      !is_lower_hex(span_id) || !is_lower_hex(flags) ||
      (longer && (version == "00" || value[kTraceparentSize] != '-'))) {
    return refused(RejectReason::kTraceparent);
  }
  const int low_flags = hex_value(flags[1]);
  const SpanContext context{
      .trace_id = *TraceId::from_hex(trace_id),
      .span_id = *SpanId::from_hex(span_id),
      .sampling = (low_flags & 1) != 0 ? Sampling::kAccepted : Sampling::kDenied,
      .random = (low_flags & 2) != 0};
  // Flags of a header whose ids are refused are not read (W3C 3.2.2.3).
  return context.valid() ? checked(context) : refused(RejectReason::kZeroId);
}

ParsedContext parse_b3_single(std::string_view value) noexcept {
  value = ascii_trim(value);
  if (value.size() == 1) {
    const auto state = b3_state(value.front());
    if (!state) return refused(RejectReason::kB3Single);
    return {.context = {.sampling = *state}, .parent = {}, .rejected = {}};
  }
  const std::size_t trace_size = value.find('-');
  if (trace_size != 16 && trace_size != 32) return refused(RejectReason::kB3Single);
  const auto trace_id = TraceId::from_hex(value.substr(0, trace_size));
  const auto span_id = SpanId::from_hex(value.substr(trace_size + 1).substr(0, 16));
  std::string_view rest = value.substr(trace_size + 1);
  if (!trace_id || !span_id || rest.size() < 16) return refused(RejectReason::kB3Single);
  rest.remove_prefix(16);

  SpanContext context{.trace_id = *trace_id, .span_id = *span_id};
  if (rest.empty()) return checked(context);  // undecided
  const auto state = rest.size() >= 2 && rest[0] == '-' ? b3_state(rest[1]) : std::nullopt;
  if (!state) return refused(RejectReason::kB3Single);
  context.sampling = *state;
  rest.remove_prefix(2);
  if (rest.empty()) return checked(context);
  const auto parent =
      rest.size() == 17 && rest[0] == '-' ? SpanId::from_hex(rest.substr(1)) : std::nullopt;
  return parent ? checked(context, *parent) : refused(RejectReason::kB3Single);
}

ParsedContext parse_b3_multi(const B3Fields& fields) noexcept {
  const std::string_view sampled = ascii_trim(fields.sampled);
  Sampling sampling = Sampling::kDeferred;
  std::optional<RejectReason> doubt;
  if (ascii_trim(fields.flags) == "1") {
    sampling = Sampling::kDebug;
  } else if (sampled == "1" || sampled == "true") {
    sampling = Sampling::kAccepted;
  } else if (sampled == "0" || sampled == "false") {
    sampling = Sampling::kDenied;
  } else if (!sampled.empty()) {
    doubt = RejectReason::kB3Sampled;
  }

  const std::string_view trace_text = ascii_trim(fields.trace_id);
  const std::string_view span_text = ascii_trim(fields.span_id);
  if (trace_text.empty() && span_text.empty()) {
    return {.context = {.sampling = sampling}, .parent = {}, .rejected = doubt};
  }
  if (trace_text.empty() || span_text.empty()) {
    return refused(RejectReason::kB3Incomplete, sampling);
  }
  const auto trace_id = b3_trace_id(trace_text);
  const auto span_id = SpanId::from_hex(span_text);
  if (!trace_id || !span_id) return refused(RejectReason::kB3Multi, sampling);
  const auto parent = SpanId::from_hex(ascii_trim(fields.parent_span_id));
  ParsedContext parsed = checked({.trace_id = *trace_id, .span_id = *span_id, .sampling = sampling},
                                 parent.value_or(SpanId{}));
  if (!parsed.rejected) parsed.rejected = doubt;
  return parsed;
}

ParsedContext parse_grpc_trace_bin(std::string_view base64) {
  // Longer text is not worth decoding: 40 characters is 29 bytes with padding.
  const std::string_view text = ascii_trim(base64);
  const auto bytes = text.size() <= 40 ? base64_decode(text) : std::nullopt;
  if (!bytes || bytes->size() != kBinarySize || (*bytes)[0] != 0 || (*bytes)[1] != 0 ||
      (*bytes)[18] != 1 || (*bytes)[27] != 2) {
    return refused(RejectReason::kGrpcTraceBin);
  }
  SpanContext context{.sampling =
                          ((*bytes)[28] & 1) != 0 ? Sampling::kAccepted : Sampling::kDenied};
  std::copy_n(bytes->begin() + 2, 16, context.trace_id.bytes.begin());
  std::copy_n(bytes->begin() + 19, 8, context.span_id.bytes.begin());
  return context.valid() ? checked(context) : refused(RejectReason::kZeroId);
}

ParsedContext parse_uber_trace_id(std::string_view value) noexcept {
  std::string_view rest = ascii_trim(value);
  const auto trace_id = TraceId::from_hex(take_uber_part(rest));
  const auto span_id = SpanId::from_hex(take_uber_part(rest));
  const auto parent = SpanId::from_hex(take_uber_part(rest));
  if (!trace_id || !span_id || !parent || rest.empty() || rest.size() > 2) {
    return refused(RejectReason::kUberTraceId);
  }
  int flags = 0;
  for (const char digit : rest) {
    if (hex_value(digit) < 0) return refused(RejectReason::kUberTraceId);
    flags = flags * 16 + hex_value(digit);
  }
  SpanContext context{.trace_id = *trace_id, .span_id = *span_id, .sampling = Sampling::kDenied};
  if ((flags & 1) != 0) context.sampling = Sampling::kAccepted;
  if ((flags & 3) == 3) context.sampling = Sampling::kDebug;
  return context.valid() ? checked(context) : refused(RejectReason::kZeroId);
}

std::array<char, 55> write_traceparent(const SpanContext& context) noexcept {
  std::array<char, kTraceparentSize> text;
  char* out = std::ranges::copy(std::string_view{"00-"}, text.data()).out;
  out = write_hex(context.trace_id.bytes, out);
  *out++ = '-';
  out = write_hex(context.span_id.bytes, out);
  *out++ = '-';
  *out++ = '0';
  *out = static_cast<char>('0' + (is_sampled(context.sampling) ? 1 : 0) + (context.random ? 2 : 0));
  return text;
}

std::string write_b3_single(const SpanContext& context) {
  const bool decided = context.sampling != Sampling::kDeferred;
  std::string text = context.valid() ? context.trace_id.hex() + "-" + context.span_id.hex() : "";
  if (decided && !text.empty()) text += '-';
  if (decided) text += b3_state(context.sampling);
  return text;
}

std::string write_uber_trace_id(const SpanContext& context) {
  std::string text = context.trace_id.hex() + ":" + context.span_id.hex() + ":0:";
  text += context.sampling == Sampling::kDebug ? '3' : is_sampled(context.sampling) ? '1' : '0';
  return text;
}

std::string write_grpc_trace_bin(const SpanContext& context) {
  std::string bytes(kBinarySize, '\0');
  std::ranges::copy(context.trace_id.bytes, bytes.begin() + 2);
  bytes[18] = 1;
  std::ranges::copy(context.span_id.bytes, bytes.begin() + 19);
  bytes[27] = 2;
  bytes[28] = is_sampled(context.sampling) ? 1 : 0;
  return base64_encode(bytes);
}

}  // namespace hal::wire
