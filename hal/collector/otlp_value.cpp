#include <hal/collector/otlp_value.hpp>

#include <cmath>

#include <fmt/format.h>

#include <hal/base/hex.hpp>
#include <hal/base/utf8.hpp>
#include <hal/collector/protobuf_reader.hpp>
#include <hal/http/json_writer.hpp>

namespace hal::collector {
namespace {

using Type = ProtobufReader::Type;
using Field = ProtobufReader::Field;

constexpr int kDepthMax = 16;

void append_json(std::string& out, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    http::json::append_string(out, *text);
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    http::json::append_string(out, to_text(*bytes));
  } else if (const auto* number = std::get_if<double>(&value); number && !std::isfinite(*number)) {
    http::json::append_string(out, to_text(value));
  } else {
    out += to_text(value);
  }
}

/// Reads AnyValue messages; what is nested in one goes into its JSON text.
class ValueReader {
 public:
  ValueReader(std::size_t text_bytes_max, std::uint32_t& truncated)
      : text_bytes_max_{text_bytes_max}, truncated_{truncated} {}

  std::optional<Value> read(std::string_view bytes) {
    Value value;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(5, Type::kBytes) || field->is(6, Type::kBytes)) {
        std::string json;
        if (!append_collection(json, *field, 1)) return std::nullopt;
        value = cut_text(json, text_bytes_max_, truncated_);
      } else {
        read_scalar(*field, value, truncated_);
      }
    }
    if (reader.broken()) return std::nullopt;
    return value;
  }

 private:
  void read_scalar(const Field& field, Value& value, std::uint32_t& truncated) const {
    if (field.is(1, Type::kBytes)) value = cut_text(field.bytes, text_bytes_max_, truncated);
    if (field.is(2, Type::kVarint)) value = field.value != 0;
    if (field.is(3, Type::kVarint)) value = field.as_int64();
    if (field.is(4, Type::kFixed64)) value = field.as_double();
    if (field.is(7, Type::kBytes))
      value = Bytes{std::string{field.bytes.substr(0, text_bytes_max_)}};
  }

  /// An ArrayValue (field 5) or a KeyValueList (field 6): both hold repeated messages in field 1.
  bool append_collection(std::string& json, const Field& collection, int depth) {
    const bool is_map = collection.number == 6;
    json += is_map ? '{' : '[';
    bool first = true;
    ProtobufReader reader{collection.bytes};
    while (const auto item = reader.next()) {
      if (!item->is(1, Type::kBytes)) continue;
      // What is longer is cut anyway: no need to build it.
      if (json.size() > text_bytes_max_) return true;
      if (!first) json += ',';
      first = false;
      if (!(is_map ? append_member(json, item->bytes, depth)
                   : append_any(json, item->bytes, depth))) {
        return false;
      }
    }
    json += is_map ? '}' : ']';
    return !reader.broken();
  }

  bool append_member(std::string& json, std::string_view bytes, int depth) {
    std::string_view key;
    std::string_view value;
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      if (field->is(1, Type::kBytes)) key = field->bytes;
      if (field->is(2, Type::kBytes)) value = field->bytes;
    }
    if (reader.broken()) return false;
    http::json::append_string(json, key);
    json += ':';
    return append_any(json, value, depth);
  }

  bool append_any(std::string& json, std::string_view bytes, int depth) {
    if (depth >= kDepthMax) {
      json += "\"...\"";
      return true;
    }
    Value value;
    bool is_null = true;
    std::uint32_t truncated = 0;  // not counted: what was too long in here is too long as a whole
    ProtobufReader reader{bytes};
    while (const auto field = reader.next()) {
      is_null = false;
      if (field->is(5, Type::kBytes) || field->is(6, Type::kBytes)) {
        return append_collection(json, *field, depth + 1);
      }
      read_scalar(*field, value, truncated);
    }
    if (reader.broken()) return false;
    if (is_null) {
      json += "null";
    } else {
      append_json(json, value);
    }
    return true;
  }

  std::size_t text_bytes_max_;
  std::uint32_t& truncated_;
};

}  // namespace

std::string cut_text(std::string_view text, std::size_t bytes_max, std::uint32_t& truncated) {
  if (text.size() <= bytes_max) return std::string{text};
  ++truncated;
  return std::string{cut_utf8(text, bytes_max)};
}

std::optional<Attribute> read_otlp_attribute(std::string_view bytes, std::size_t text_bytes_max,
                                             std::uint32_t& truncated) {
  Attribute attribute;
  ProtobufReader reader{bytes};
  while (const auto field = reader.next()) {
    if (field->is(1, Type::kBytes)) {
      attribute.key = cut_text(field->bytes, text_bytes_max, truncated);
    } else if (field->is(2, Type::kBytes)) {
      auto value = ValueReader{text_bytes_max, truncated}.read(field->bytes);
      if (!value) return std::nullopt;
      attribute.value = std::move(*value);
    }
  }
  if (reader.broken()) return std::nullopt;
  return attribute;
}

}  // namespace hal::collector
