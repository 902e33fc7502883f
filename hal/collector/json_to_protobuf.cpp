#include <hal/collector/json_to_protobuf.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <hal/base/ascii.hpp>
#include <hal/base/hex.hpp>
#include <hal/http/json_tokens.hpp>
#include <hal/telemetry/otlp_writer.hpp>
#include <hal/wire/base64.hpp>

namespace hal::collector {
namespace {

namespace otlp = telemetry::otlp;
namespace json = http::json;

/// A list of lists of OTLP values costs 3 levels each, and 16 of them are kept.
constexpr std::size_t kDepthMax = 100;

/// Room for the length of a message that is not known yet: a varint of 5 bytes holds 32 bits.
constexpr std::size_t kLengthBytes = 5;

constexpr JsonField kMapValue{.name = "value", .number = 2, .form = JsonForm::kText};

std::string expected(const JsonField& field) {
  switch (field.form) {
    case JsonForm::kText:
    case JsonForm::kIpAddress:
      return "string";
    case JsonForm::kBase64:
      return "string of base64";
    case JsonForm::kHex:
    case JsonForm::kHexNumber:
      return "string of hexadecimal digits";
    case JsonForm::kBool:
      return "boolean";
    case JsonForm::kInt64:
      return "integer of 64 bits";
    case JsonForm::kUint64:
    case JsonForm::kFixed64:
      return "integer from 0 to 18446744073709551615";
    case JsonForm::kDouble:
      return "number";
    case JsonForm::kMessage:
      return "object";
    case JsonForm::kTextMap:
      return "object of strings";
    case JsonForm::kEnum:
      break;
  }
  return fmt::format("one of {}", fmt::join(field.names, ", "));
}

std::optional<double> to_double(std::string_view text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Also 1.7e18, as long as it is an integer.
template <class Int>
std::optional<Int> to_integer(std::string_view text) {
  if (const auto number = parse_int<Int>(text)) return number;
  const auto number = to_double(text);
  const double end = std::ldexp(1.0, std::numeric_limits<Int>::digits);
  const double begin = std::is_signed_v<Int> ? -end : 0;
  if (!number || *number != std::trunc(*number) || *number < begin || *number >= end) {
    return std::nullopt;
  }
  return static_cast<Int>(*number);
}

std::optional<std::string> from_hex(std::string_view digits, JsonForm form) {
  std::string bytes;
  bytes.reserve(digits.size() / 2 + 1);
  const bool odd = digits.size() % 2 != 0;
  if (odd && form == JsonForm::kHex) return std::nullopt;
  int high = odd ? 0 : -1;
  for (const char digit : digits) {
    const int value = hex_value(digit);
    if (value < 0) return std::nullopt;
    if (high < 0) {
      high = value;
    } else {
      bytes += static_cast<char>(high << 4 | value);
      high = -1;
    }
  }
  return bytes;
}

std::string ip_bytes(const std::string& text) {
  std::array<char, 16> address{};
  if (inet_pton(AF_INET, text.c_str(), address.data()) == 1) return {address.data(), 4};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return {address.data(), 16};
  return {};
}

/// The bytes that a string stands for; nullopt: it is none of this form.
std::optional<std::string> to_bytes(JsonForm form, std::string_view text) {
  if (form == JsonForm::kHex || form == JsonForm::kHexNumber) return from_hex(text, form);
  std::string copy{text};
  if (form == JsonForm::kIpAddress) return ip_bytes(copy);
  std::ranges::replace(copy, '-', '+');
  std::ranges::replace(copy, '_', '/');
  return wire::base64_decode(copy);
}

/// Receives the parser's events and writes the message; the first error stops the parser.
class Transcoder final : public json::TokenHandler {
 public:
  Transcoder(std::string& out, const JsonField& root) : out_{out}, root_{root} {}

  [[nodiscard]] std::string path() const { return json::path_of(frames_); }

  bool on_object_begin(ErrorCode& ec);
  bool on_object_end(std::size_t, ErrorCode&) { return end(); }
  bool on_array_begin(ErrorCode& ec);
  bool on_array_end(std::size_t, ErrorCode&) { return end(); }
  bool on_key(std::string_view last, std::size_t, ErrorCode&);
  bool on_string(std::string_view last, std::size_t, ErrorCode& ec);
  bool on_int64(std::int64_t, std::string_view last, ErrorCode& ec) { return on_number(last, ec); }
  bool on_uint64(std::uint64_t, std::string_view last, ErrorCode& ec) {
    return on_number(last, ec);
  }
  bool on_double(double, std::string_view last, ErrorCode& ec) { return on_number(last, ec); }
  bool on_bool(bool value, ErrorCode& ec);
  bool on_null(ErrorCode& ec);

 private:
  /// An open array or object.
  struct Frame {
    const JsonMessage* message = nullptr;  // of an object that becomes a message
    const JsonField* field = nullptr;  // of the current key, or that of all values; null: skipped
    bool is_array = false;
    bool is_map = false;
    bool in_element = false;  // between the start of an element (its key) and its end
    std::size_t index = 0;    // of the next element
    std::string key = {};
    std::size_t content_at = 0;  // in `out_`, of a message with a length in front; else 0
  };

  /// The field that the value which begins is for; null: it is skipped.
  const JsonField* begin_value();
  [[nodiscard]] bool wants_array(const JsonField& field) const {
    return field.repeated && (frames_.empty() || !frames_.back().is_array);
  }
  bool open(Frame frame, ErrorCode& ec);
  bool end();
  bool end_value() {
    if (!frames_.empty()) frames_.back().in_element = false;
    return true;
  }
  bool on_number(std::string_view last, ErrorCode& ec);
  bool put_number(const JsonField& field, std::string_view text);
  bool put_text(const JsonField& field, std::string_view text);
  void put_bytes(const JsonField& field, std::string_view bytes);

  bool fail(ErrorCode& ec, const JsonField& field, std::string_view got) {
    return stop(ec, fmt::format("{}: expected {}, got {}", path(),
                                wants_array(field) ? "array" : expected(field), got));
  }

  std::string& out_;
  const JsonField& root_;
  std::vector<Frame> frames_;
};

const JsonField* Transcoder::begin_value() {
  count_token();
  if (frames_.empty()) return &root_;
  Frame& frame = frames_.back();
  if (frame.is_array) {
    frame.in_element = true;
    ++frame.index;
  }
  return frame.is_map ? &kMapValue : frame.field;
}

bool Transcoder::open(Frame frame, ErrorCode& ec) {
  if (frames_.size() >= kDepthMax) {
    return stop(ec, fmt::format("{}: nested deeper than {} levels", path(), kDepthMax));
  }
  frames_.push_back(std::move(frame));
  return true;
}

bool Transcoder::on_object_begin(ErrorCode& ec) {
  const JsonField* field = begin_value();
  if (field == nullptr) return open({}, ec);
  if (wants_array(*field)) return fail(ec, *field, "object");
  if (field->form == JsonForm::kTextMap) return open({.field = field, .is_map = true}, ec);
  if (field->form != JsonForm::kMessage) return fail(ec, *field, "object");
  Frame frame{.message = field->message};
  if (field->number != 0) {
    otlp::append_tag(out_, field->number, otlp::Wire::kBytes);
    out_.append(kLengthBytes, '\0');
    frame.content_at = out_.size();
  }
  return open(std::move(frame), ec);
}

bool Transcoder::on_array_begin(ErrorCode& ec) {
  const JsonField* field = begin_value();
  if (field != nullptr && !wants_array(*field)) return fail(ec, *field, "array");
  return open({.field = field, .is_array = true}, ec);
}

bool Transcoder::end() {
  count_token();
  if (const std::size_t content_at = frames_.back().content_at; content_at != 0) {
    std::size_t length = out_.size() - content_at;
    for (std::size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
      const std::size_t more = i + 1 < kLengthBytes ? 0x80 : 0;
      out_[content_at - kLengthBytes + i] = static_cast<char>((length & 0x7f) | more);
    }
  }
  frames_.pop_back();
  return end_value();
}

bool Transcoder::on_key(std::string_view last, std::size_t, ErrorCode&) {
  count_token();
  Frame& frame = frames_.back();
  frame.key = whole(last);
  frame.in_element = true;
  if (frame.message == nullptr) return true;
  const auto fields = frame.message->fields;
  const auto found = std::ranges::find(fields, frame.key, &JsonField::name);
  frame.field = found == fields.end() ? nullptr : &*found;
  return true;
}

bool Transcoder::on_string(std::string_view last, std::size_t, ErrorCode& ec) {
  const std::string_view text = whole(last);
  const JsonField* field = begin_value();
  if (field == nullptr) return end_value();
  if (wants_array(*field) || !put_text(*field, text)) return fail(ec, *field, json::quoted(text));
  return end_value();
}

bool Transcoder::put_text(const JsonField& field, std::string_view text) {
  switch (field.form) {
    case JsonForm::kText:
      put_bytes(field, text);
      return true;
    case JsonForm::kEnum: {
      const auto found = std::ranges::find(field.names, text);
      if (found == field.names.end()) return false;
      otlp::append_varint_field(out_, field.number,
                                static_cast<std::uint64_t>(found - field.names.begin()));
      return true;
    }
    case JsonForm::kInt64:
    case JsonForm::kUint64:
    case JsonForm::kFixed64:
    case JsonForm::kDouble:
      return put_number(field, text);
    case JsonForm::kBase64:
    case JsonForm::kHex:
    case JsonForm::kHexNumber:
    case JsonForm::kIpAddress: {
      const auto bytes = to_bytes(field.form, text);
      if (bytes) put_bytes(field, *bytes);
      return bytes.has_value();
    }
    case JsonForm::kBool:
    case JsonForm::kMessage:
    case JsonForm::kTextMap:
      break;
  }
  return false;
}

void Transcoder::put_bytes(const JsonField& field, std::string_view bytes) {
  if (frames_.empty() || !frames_.back().is_map) {
    return otlp::append_bytes_field(out_, field.number, bytes);
  }
  const otlp::Nested entry{out_, frames_.back().field->number};
  otlp::append_bytes_field(out_, 1, std::string_view{frames_.back().key});
  otlp::append_bytes_field(out_, field.number, bytes);
}

bool Transcoder::on_number(std::string_view last, ErrorCode& ec) {
  const std::string_view text = whole(last);
  const JsonField* field = begin_value();
  if (field == nullptr) return end_value();
  if (wants_array(*field) || !put_number(*field, text)) {
    return fail(ec, *field, fmt::format("number {}", json::shortened(text)));
  }
  return end_value();
}

bool Transcoder::put_number(const JsonField& field, std::string_view text) {
  if (field.form == JsonForm::kInt64 || field.form == JsonForm::kEnum) {
    const auto number = to_integer<std::int64_t>(text);
    if (number) {
      otlp::append_varint_field(out_, field.number, static_cast<std::uint64_t>(*number));
    }
    return number.has_value();
  }
  if (field.form == JsonForm::kDouble) {
    const auto number = to_double(text);
    if (number) otlp::append_fixed_field(out_, field.number, *number);
    return number.has_value();
  }
  if (field.form != JsonForm::kUint64 && field.form != JsonForm::kFixed64) return false;
  const auto number = to_integer<std::uint64_t>(text);
  if (!number) return false;
  if (field.form == JsonForm::kUint64) {
    otlp::append_varint_field(out_, field.number, *number);
  } else {
    otlp::append_fixed_field(out_, field.number, *number);
  }
  return true;
}

bool Transcoder::on_bool(bool value, ErrorCode& ec) {
  const JsonField* field = begin_value();
  if (field == nullptr) return end_value();
  if (wants_array(*field) || field->form != JsonForm::kBool) {
    return fail(ec, *field, value ? "true" : "false");
  }
  otlp::append_varint_field(out_, field->number, value ? 1 : 0);
  return end_value();
}

bool Transcoder::on_null(ErrorCode& ec) {
  const JsonField* field = begin_value();
  const bool is_member = !frames_.empty() && !frames_.back().is_array;
  if (field != nullptr && !is_member) return fail(ec, *field, "null");
  return end_value();
}

}  // namespace

Result<std::string> json_to_protobuf(std::string_view text, const JsonField& root) {
  std::string out;
  Status status = json::read_tokens<Transcoder>(
      text, {.depth_max = kDepthMax, .allow_invalid_utf8 = true}, out, root);
  if (!status.ok()) return error(std::move(status));
  return out;
}

}  // namespace hal::collector
