#include <hal/http/json_reader.hpp>

#include <hal/base/utf8.hpp>
#include <hal/http/json_position.hpp>
#include <hal/http/json_type.hpp>
#include <hal/http/json_writer.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

namespace hal::http::json::detail {
namespace {

using ErrorCode = boost::json::error_code;

// Longer names and values are cut in messages: an error is one readable line.
constexpr std::size_t kShownBytesMax = 64;

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, cut_utf8(text, kShownBytesMax));
  return out;
}

/// What may stand where a value of `type` is wanted.
std::string expected(const Type& type) {
  switch (type.kind) {
    case Kind::kBool:
      return "boolean";
    case Kind::kInteger:
      return "integer";
    case Kind::kDouble:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kMap:
    case Kind::kObject:
      return "object";
    case Kind::kOptional:
      return expected(type.element());
    case Kind::kEnum:
      break;
  }
  std::string names;
  for (const Enumerator& enumerator : type.enumerators) {
    names += (names.empty() ? "" : ", ") + quoted(enumerator.name);
  }
  return "one of " + names;
}

/// Where a value goes. A null type: it is skipped.
struct Slot {
  const Type* type = nullptr;
  void* value = nullptr;
};

/// An open array or object.
struct Frame {
  Slot slot;
  bool is_array = false;
  bool in_element = false;  // between the start of an element (its key) and its end
  std::size_t index = 0;    // of the next element
  std::string key = {};
  Slot element = {};           // of the current key
  std::size_t next_field = 0;  // fields mostly come in order
  std::uint64_t seen = 0;      // bit i: field i has come
};

/// Receives the parser's events and fills the value; the first error stops the parser.
class Handler {
 public:
  static constexpr auto max_object_size = static_cast<std::size_t>(-1);
  static constexpr auto max_array_size = static_cast<std::size_t>(-1);
  static constexpr auto max_key_size = static_cast<std::size_t>(-1);
  static constexpr auto max_string_size = static_cast<std::size_t>(-1);

  Handler(const Type& type, void* value, const ParseOptions& options)
      : root_{&type, value}, options_{options} {}

  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }
  /// The path of what is being read: "$.user.names[3]".
  [[nodiscard]] std::string path() const;

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_comment_part(std::string_view, ErrorCode&) { return true; }
  bool on_comment(std::string_view, ErrorCode&) { return true; }

  bool on_object_begin(ErrorCode& ec) { return begin(false, ec); }
  bool on_object_end(std::size_t, ErrorCode& ec);
  bool on_array_begin(ErrorCode& ec) { return begin(true, ec); }
  bool on_array_end(std::size_t, ErrorCode&) {
    ++tokens_;
    frames_.pop_back();
    return end_value();
  }

  bool on_key_part(std::string_view part, std::size_t, ErrorCode&) { return hold(part); }
  bool on_key(std::string_view last, std::size_t, ErrorCode& ec);
  bool on_string_part(std::string_view part, std::size_t, ErrorCode&) { return hold(part); }
  bool on_string(std::string_view last, std::size_t, ErrorCode& ec);
  bool on_number_part(std::string_view part, ErrorCode&) { return hold(part); }
  bool on_int64(std::int64_t number, std::string_view last, ErrorCode& ec) {
    return on_integer(static_cast<std::uint64_t>(number), number < 0, last, ec);
  }
  bool on_uint64(std::uint64_t number, std::string_view last, ErrorCode& ec) {
    return on_integer(number, false, last, ec);
  }
  bool on_double(double, std::string_view last, ErrorCode& ec);
  bool on_bool(bool value, ErrorCode& ec);
  bool on_null(ErrorCode& ec);

 private:
  bool hold(std::string_view part) {
    held_.append(part);
    return true;
  }
  /// The whole token: the parts held so far and the last one. Valid until the next event.
  std::string_view whole(std::string_view last) {
    if (held_.empty()) return last;
    token_ = std::exchange(held_, {}).append(last);
    return token_;
  }

  Slot begin_value();
  static Slot unwrapped(Slot slot);
  bool end_value() {
    if (!frames_.empty()) frames_.back().in_element = false;
    return true;
  }
  bool begin(bool is_array, ErrorCode& ec);
  bool find_field(Frame& frame, ErrorCode& ec);
  bool on_integer(std::uint64_t bits, bool negative, std::string_view last, ErrorCode& ec);
  bool store_double(Slot slot, std::string_view text, ErrorCode& ec);
  bool out_of_range(const Type& type, std::string_view text, ErrorCode& ec);

  bool fail(ErrorCode& ec, const std::string& what) {
    problem_ = path() + ": " + what;
    ec = boost::json::error::syntax;  // any error stops the parser; problem_ says which
    return false;
  }
  bool fail_type(ErrorCode& ec, const Type& type, std::string_view got) {
    return fail(ec, fmt::format("expected {}, got {}", expected(type), got));
  }

  Slot root_;
  const ParseOptions& options_;
  std::vector<Frame> frames_;
  std::size_t tokens_ = 0;
  std::string held_;
  std::string token_;
  std::string problem_;
};

bool is_name(std::string_view key) {
  return !key.empty() && key.size() <= kShownBytesMax && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string Handler::path() const {
  std::string text = "$";
  for (const Frame& frame : frames_) {
    if (!frame.in_element) break;
    if (frame.is_array) {
      text += fmt::format("[{}]", frame.index - 1);
    } else if (is_name(frame.key)) {
      text.append(".").append(frame.key);
    } else {
      text.append("[").append(quoted(frame.key)).append("]");
    }
  }
  return text;
}

/// Counts the token and finds where its value goes.
Slot Handler::begin_value() {
  ++tokens_;
  if (frames_.empty()) return root_;
  Frame& frame = frames_.back();
  if (!frame.is_array) return frame.element;
  frame.in_element = true;
  ++frame.index;
  const Slot& array = frame.slot;
  if (array.type == nullptr) return {};
  return {&array.type->element(), array.type->emplace(array.value, {})};
}

/// The slot of a value that is not null: inside the optional, if it is one.
Slot Handler::unwrapped(Slot slot) {
  while (slot.type != nullptr && slot.type->kind == Kind::kOptional) {
    slot = {&slot.type->element(), slot.type->emplace(slot.value, {})};
  }
  return slot;
}

bool Handler::begin(bool is_array, ErrorCode& ec) {
  const Slot slot = unwrapped(begin_value());
  if (frames_.size() >= options_.depth_max) {
    return fail(ec, fmt::format("nested deeper than {} levels", options_.depth_max));
  }
  if (slot.type != nullptr) {
    const Kind kind = slot.type->kind;
    const bool fits = is_array ? kind == Kind::kArray : kind == Kind::kObject || kind == Kind::kMap;
    if (!fits) return fail_type(ec, *slot.type, is_array ? "array" : "object");
  }
  frames_.push_back({.slot = slot, .is_array = is_array});
  return true;
}

bool Handler::on_object_end(std::size_t, ErrorCode& ec) {
  ++tokens_;
  Frame& frame = frames_.back();
  if (frame.slot.type != nullptr && frame.slot.type->kind == Kind::kObject) {
    std::uint64_t bit = 1;
    for (const Field& field : frame.slot.type->fields) {
      if (field.required && (frame.seen & bit) == 0) {
        frame.key = field.name;
        frame.in_element = true;
        return fail(ec, "required field is missing");
      }
      bit <<= 1;
    }
  }
  frames_.pop_back();
  return end_value();
}

bool Handler::on_key(std::string_view last, std::size_t, ErrorCode& ec) {
  ++tokens_;
  Frame& frame = frames_.back();
  frame.key = whole(last);
  frame.in_element = true;
  frame.element = {};
  const Slot& object = frame.slot;
  if (object.type == nullptr) return true;
  if (object.type->kind == Kind::kObject) return find_field(frame, ec);
  frame.element = {&object.type->element(), object.type->emplace(object.value, frame.key)};
  return frame.element.value != nullptr || fail(ec, "duplicate field");
}

bool Handler::find_field(Frame& frame, ErrorCode& ec) {
  const auto fields = frame.slot.type->fields;
  for (std::size_t tried = 0; tried < fields.size(); ++tried) {
    const std::size_t i = (frame.next_field + tried) % fields.size();
    if (fields[i].name != frame.key) continue;
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((frame.seen & bit) != 0) return fail(ec, "duplicate field");
    frame.seen |= bit;
    frame.next_field = i + 1;
    frame.element = {&fields[i].type(), fields[i].member(frame.slot.value)};
    return true;
  }
  return options_.allow_unknown_fields || fail(ec, "unknown field");
}

bool Handler::on_string(std::string_view last, std::size_t, ErrorCode& ec) {
  const std::string_view text = whole(last);
  const Slot slot = unwrapped(begin_value());
  if (slot.type == nullptr) return end_value();
  if (slot.type->kind == Kind::kString) {
    *static_cast<std::string*>(slot.value) = text;
    return end_value();
  }
  if (slot.type->kind != Kind::kEnum) return fail_type(ec, *slot.type, "string");
  const auto found = std::ranges::find(slot.type->enumerators, text, &Enumerator::name);
  if (found == slot.type->enumerators.end()) return fail_type(ec, *slot.type, quoted(text));
  slot.type->store(slot.value, static_cast<std::uint64_t>(found->value));
  return end_value();
}

bool Handler::on_integer(std::uint64_t bits, bool negative, std::string_view last, ErrorCode& ec) {
  const std::string_view text = whole(last);
  const Slot slot = unwrapped(begin_value());
  if (slot.type == nullptr) return end_value();
  if (slot.type->kind == Kind::kDouble) return store_double(slot, text, ec);
  if (slot.type->kind != Kind::kInteger) return fail_type(ec, *slot.type, "number");
  const bool fits =
      negative ? static_cast<std::int64_t>(bits) >= slot.type->min : bits <= slot.type->max;
  if (!fits) return out_of_range(*slot.type, text, ec);
  slot.type->store(slot.value, bits);
  return end_value();
}

bool Handler::on_double(double, std::string_view last, ErrorCode& ec) {
  const std::string_view text = whole(last);
  const Slot slot = unwrapped(begin_value());
  if (slot.type == nullptr) return end_value();
  if (slot.type->kind == Kind::kDouble) return store_double(slot, text, ec);
  if (slot.type->kind != Kind::kInteger) return fail_type(ec, *slot.type, "number");
  const bool is_integer = text.find_first_of(".eE") == std::string_view::npos;
  if (is_integer) return out_of_range(*slot.type, text, ec);
  return fail_type(ec, *slot.type, "number with a fraction or exponent");
}

/// The parser's own double may be one unit off in its last place: the text is read again.
bool Handler::store_double(Slot slot, std::string_view text, ErrorCode& ec) {
  auto& number = *static_cast<double*>(slot.value);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{}) return out_of_range(*slot.type, text, ec);
  return end_value();
}

bool Handler::out_of_range(const Type& type, std::string_view text, ErrorCode& ec) {
  const std::string allowed = type.kind == Kind::kDouble
                                  ? "of 64-bit floating point"
                                  : fmt::format("{} to {}", type.min, type.max);
  return fail(ec,
              fmt::format("number {} is out of range {}", cut_utf8(text, kShownBytesMax), allowed));
}

bool Handler::on_bool(bool value, ErrorCode& ec) {
  const Slot slot = unwrapped(begin_value());
  if (slot.type == nullptr) return end_value();
  if (slot.type->kind != Kind::kBool) return fail_type(ec, *slot.type, "boolean");
  *static_cast<bool*>(slot.value) = value;
  return end_value();
}

bool Handler::on_null(ErrorCode& ec) {
  const Slot slot = begin_value();
  if (slot.type == nullptr) return end_value();
  if (slot.type->kind != Kind::kOptional) return fail_type(ec, *slot.type, "null");
  slot.type->reset(slot.value);
  return end_value();
}

Status refuse(std::string_view text, std::string_view problem, std::size_t offset) {
  return {Code::kInvalidArgument, fmt::format("{} ({})", problem, line_and_column(text, offset))};
}

/// What the parser itself objects to: the text is no JSON.
Status refuse_syntax(std::string_view text, const std::string& path, ErrorCode ec,
                     std::size_t offset) {
  if (ec == boost::json::error::incomplete) {
    return refuse(text, path + ": the text ends too early", text.size());
  }
  // The parser looks at 4 bytes at most to tell whether a character is UTF-8.
  const std::size_t invalid = find_invalid_utf8(text.substr(0, offset + 4));
  if (invalid <= offset) return refuse(text, path + ": invalid UTF-8", invalid);
  if (ec == boost::json::error::exponent_overflow) {
    return refuse(text, path + ": number is out of range", offset);
  }
  return refuse(text, path + ": " + ec.message(), offset);
}

}  // namespace

Status read(std::string_view text, const Type& type, void* value, const ParseOptions& options) {
  if (text.size() > options.size_bytes_max) {
    return {Code::kInvalidArgument, fmt::format("$: {} bytes are more than the limit of {}",
                                                text.size(), options.size_bytes_max)};
  }
  boost::json::parse_options parser_options;
  parser_options.max_depth = options.depth_max + 1;  // the handler's own check comes first
  boost::json::basic_parser<Handler> parser{parser_options, type, value, options};
  ErrorCode ec;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  const Handler& handler = parser.handler();
  if (!handler.problem().empty()) {
    return refuse(text, handler.problem(), token_offset(text, handler.tokens()));
  }
  if (ec) return refuse_syntax(text, handler.path(), ec, consumed);
  const std::size_t trailing = text.find_first_not_of(" \t\r\n", consumed);
  if (trailing != std::string_view::npos) {
    return refuse(text, "$: text after the end of the value", trailing);
  }
  return {};
}

}  // namespace hal::http::json::detail
