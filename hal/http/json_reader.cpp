#include <hal/http/json_reader.hpp>

#include <hal/http/json_tokens.hpp>
#include <hal/http/json_type.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hal::http::json::detail {
namespace {

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

std::string allowed_integers(const Type& type) {
  return fmt::format("{} to {}", type.min, type.max);
}

constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();

/// Where a value goes. A null type: it is skipped.
struct Slot {
  const Type* type = nullptr;
  void* value = nullptr;
  const Rule* rule = nullptr;
};

/// An open array or object.
struct Frame {
  Slot slot;
  bool is_array = false;
  bool in_element = false;  // between the start of an element (its key) and its end
  std::size_t index = 0;    // of the next element; in a map, how many there are
  std::string key = {};
  Slot element = {};           // of the current key
  std::size_t next_field = 0;  // fields mostly come in order
  std::uint64_t seen = 0;      // bit i: field i has come
};

/// Receives the parser's events and fills the value; the first error stops the parser.
class Handler final : public TokenHandler {
 public:
  Handler(const Type& type, void* value, const ParseOptions& options)
      : root_{&type, value}, options_{options} {}

  /// The path of what is being read: "$.user.names[3]".
  [[nodiscard]] std::string path() const { return path_of(frames_); }

  bool on_object_begin(ErrorCode& ec) { return begin(false, ec); }
  bool on_object_end(std::size_t, ErrorCode& ec);
  bool on_array_begin(ErrorCode& ec) { return begin(true, ec); }
  bool on_array_end(std::size_t, ErrorCode& ec);

  bool on_key(std::string_view last, std::size_t, ErrorCode& ec);
  bool on_string(std::string_view last, std::size_t, ErrorCode& ec);
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
  bool out_of_range(std::string_view allowed, std::string_view text, ErrorCode& ec);
  bool check_size(const Rule* rule, std::size_t size, std::string_view unit, ErrorCode& ec);
  template <class Number>
  bool check_range(const Rule* rule, Number number, std::string_view text, ErrorCode& ec);
  bool end_container(ErrorCode& ec);

  bool fail(ErrorCode& ec, const std::string& what) { return stop(ec, path() + ": " + what); }
  bool fail_type(ErrorCode& ec, const Type& type, std::string_view got) {
    return fail(ec, fmt::format("expected {}, got {}", expected(type), got));
  }

  Slot root_;
  const ParseOptions& options_;
  std::vector<Frame> frames_;
};

/// Counts the token and finds where its value goes.
Slot Handler::begin_value() {
  count_token();
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
    slot = {&slot.type->element(), slot.type->emplace(slot.value, {}), slot.rule};
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

/// The innermost array or object has its end.
bool Handler::end_container(ErrorCode& ec) {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  return check_size(frame.slot.rule, frame.index, "elements", ec) && end_value();
}

bool Handler::on_array_end(std::size_t, ErrorCode& ec) {
  count_token();
  return end_container(ec);
}

bool Handler::on_object_end(std::size_t, ErrorCode& ec) {
  count_token();
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
  return end_container(ec);
}

bool Handler::on_key(std::string_view last, std::size_t, ErrorCode& ec) {
  count_token();
  Frame& frame = frames_.back();
  frame.key = whole(last);
  frame.in_element = true;
  frame.element = {};
  const Slot& object = frame.slot;
  if (object.type == nullptr) return true;
  if (object.type->kind == Kind::kObject) return find_field(frame, ec);
  ++frame.index;
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
    frame.element = {&fields[i].type(), fields[i].member(frame.slot.value), fields[i].rule};
    return true;
  }
  return options_.allow_unknown_fields || fail(ec, "unknown field");
}

bool Handler::on_string(std::string_view last, std::size_t, ErrorCode& ec) {
  const std::string_view text = whole(last);
  const Slot slot = unwrapped(begin_value());
  if (slot.type == nullptr) return end_value();
  if (slot.type->kind == Kind::kString) {
    if (!check_size(slot.rule, text.size(), "bytes", ec)) return false;
    if (slot.rule != nullptr && slot.rule->fits != nullptr && !slot.rule->fits(text)) {
      return fail(ec, fmt::format("expected {}", slot.rule->allowed));
    }
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
  if (!fits) return out_of_range(allowed_integers(*slot.type), text, ec);
  const bool allowed = negative ? check_range(slot.rule, static_cast<std::int64_t>(bits), text, ec)
                                : check_range(slot.rule, bits, text, ec);
  if (!allowed) return false;
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
  if (is_integer) return out_of_range(allowed_integers(*slot.type), text, ec);
  return fail_type(ec, *slot.type, "number with a fraction or exponent");
}

/// The parser's own double may be one unit off in its last place: the text is read again.
bool Handler::store_double(Slot slot, std::string_view text, ErrorCode& ec) {
  auto& number = *static_cast<double*>(slot.value);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{}) return out_of_range("of 64-bit floating point", text, ec);
  return check_range(slot.rule, number, text, ec) && end_value();
}

bool Handler::out_of_range(std::string_view allowed, std::string_view text, ErrorCode& ec) {
  return fail(ec, fmt::format("number {} is out of range {}", shortened(text), allowed));
}

bool Handler::check_size(const Rule* rule, std::size_t size, std::string_view unit, ErrorCode& ec) {
  if (rule == nullptr || (size >= rule->size.min && size <= rule->size.max)) return true;
  const auto [min, max] = rule->size;
  const std::string allowed = min == 0          ? fmt::format("at most {}", max)
                              : max == kNoBound ? fmt::format("at least {}", min)
                                                : fmt::format("{} to {}", min, max);
  return fail(ec, fmt::format("expected {} {}, got {}", allowed, unit, size));
}

template <class Number>
bool Handler::check_range(const Rule* rule, Number number, std::string_view text, ErrorCode& ec) {
  // No bounds allow all: doubles and unsigned numbers go further than these do.
  if (rule == nullptr || rule->range == Bounds<std::int64_t>{}) return true;
  const auto [min, max] = rule->range;
  bool fits = false;
  if constexpr (std::integral<Number>) {
    fits = std::cmp_greater_equal(number, min) && std::cmp_less_equal(number, max);
  } else {
    fits = number >= static_cast<double>(min) && number <= static_cast<double>(max);
  }
  return fits || out_of_range(fmt::format("{} to {}", min, max), text, ec);
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

}  // namespace

Status read(std::string_view text, const Type& type, void* value, const ParseOptions& options) {
  if (text.size() > options.size_bytes_max) {
    return {Code::kInvalidArgument, fmt::format("$: {} bytes are more than the limit of {}",
                                                text.size(), options.size_bytes_max)};
  }
  return read_tokens<Handler>(text, {.depth_max = options.depth_max}, type, value, options);
}

}  // namespace hal::http::json::detail
