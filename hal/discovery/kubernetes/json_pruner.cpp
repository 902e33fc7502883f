#include <hal/discovery/kubernetes/json_pruner.hpp>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;

/// What a kept value costs beside its text.
constexpr std::size_t kValueBytes = 32;

bool matches(const Fields& field, std::string_view name) {
  const std::string_view wanted{field.name};
  if (!wanted.ends_with('*')) return wanted == name;
  return name.starts_with(wanted.substr(0, wanted.size() - 1));
}

/// The events of Boost's parser; false stops it.
class Handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = 4096;
  static constexpr std::size_t max_string_size = 4 * 1024 * 1024;

  Handler(Fields wanted, std::size_t kept_bytes_max)
      : wanted_{std::move(wanted)}, kept_bytes_max_{kept_bytes_max} {
    document_.reset();
    element_.reset();
  }

  std::vector<json::value> done;
  bool over_limit = false;

  bool on_document_begin(json::error_code& /*ec*/) { return true; }
  bool on_document_end(json::error_code& /*ec*/) {
    done.push_back(document_.release());
    document_.reset();
    kept_bytes_ = 0;
    return true;
  }
  bool on_object_begin(json::error_code& /*ec*/) { return begin(Frame::kObject); }
  bool on_object_end(std::size_t /*count*/, json::error_code& ec) { return end(ec); }
  bool on_array_begin(json::error_code& /*ec*/) { return begin(Frame::kArray); }
  bool on_array_end(std::size_t /*count*/, json::error_code& ec) { return end(ec); }
  bool on_key_part(std::string_view text, std::size_t /*count*/, json::error_code& /*ec*/) {
    if (skipped_ == 0) key_ += text;
    return true;
  }
  bool on_key(std::string_view text, std::size_t /*count*/, json::error_code& ec) {
    if (skipped_ > 0) return true;
    key_ += text;
    const std::string key = std::exchange(key_, {});
    member_ = member_of(*frames_.back().fields, key);
    if (member_ == nullptr) return true;
    stack().push_key(key);
    return count_bytes(key.size() + kValueBytes, ec);
  }
  bool on_string_part(std::string_view text, std::size_t /*count*/, json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_chars(text);
    return count_bytes(text.size(), ec);  // the value itself counts once, at its end
  }
  bool on_string(std::string_view text, std::size_t /*count*/, json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_string(text);
    return kept(text.size(), ec);
  }
  bool on_number_part(std::string_view /*text*/, json::error_code& /*ec*/) { return true; }
  bool on_int64(std::int64_t value, std::string_view /*text*/, json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_int64(value);
    return kept(0, ec);
  }
  bool on_uint64(std::uint64_t value, std::string_view /*text*/, json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_uint64(value);
    return kept(0, ec);
  }
  bool on_double(double value, std::string_view /*text*/, json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_double(value);
    return kept(0, ec);
  }
  bool on_bool(bool value, json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_bool(value);
    return kept(0, ec);
  }
  bool on_null(json::error_code& ec) {
    if (next() == nullptr) return true;
    stack().push_null();
    return kept(0, ec);
  }
  bool on_comment_part(std::string_view /*text*/, json::error_code& /*ec*/) { return true; }
  bool on_comment(std::string_view /*text*/, json::error_code& /*ec*/) { return true; }

 private:
  /// A list or object that is kept.
  struct Frame {
    enum Kind : bool { kObject, kArray };
    const Fields* fields;
    Kind kind;
    bool is_element;        ///< handed out by itself
    std::size_t count = 0;  ///< values kept in it
  };

  static const Fields* member_of(const Fields& fields, std::string_view name) {
    if (fields.inside.empty()) return &fields;
    const auto found = std::ranges::find_if(
        fields.inside, [name](const Fields& field) { return matches(field, name); });
    return found == fields.inside.end() ? nullptr : &*found;
  }
  /// What is wanted of the value that begins now; null: nothing.
  [[nodiscard]] const Fields* next() const {
    if (skipped_ > 0) return nullptr;
    if (frames_.empty()) return &wanted_;
    return frames_.back().kind == Frame::kArray ? frames_.back().fields : member_;
  }
  json::value_stack& stack() { return in_element_ ? element_ : document_; }

  bool begin(Frame::Kind kind) {
    const Fields* const fields = next();
    if (fields == nullptr) {
      ++skipped_;
      return true;
    }
    const bool is_element = !in_element_ && !frames_.empty() && frames_.back().fields->each &&
                            frames_.back().kind == Frame::kArray;
    if (is_element) {
      in_element_ = true;
      kept_bytes_ = 0;
    }
    frames_.push_back({fields, kind, is_element});
    return true;
  }
  bool end(json::error_code& ec) {
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    const Frame frame = frames_.back();
    frames_.pop_back();
    if (frame.kind == Frame::kArray) {
      stack().push_array(frame.count);
    } else {
      stack().push_object(frame.count);
    }
    if (frame.is_element) {
      done.push_back(element_.release());
      element_.reset();
      in_element_ = false;
      kept_bytes_ = 0;
      return true;
    }
    return kept(0, ec);
  }
  bool kept(std::size_t bytes, json::error_code& ec) {
    if (!frames_.empty()) ++frames_.back().count;
    return count_bytes(bytes + kValueBytes, ec);
  }
  bool count_bytes(std::size_t bytes, json::error_code& ec) {
    kept_bytes_ += bytes;
    over_limit = kept_bytes_ > kept_bytes_max_;
    if (over_limit) ec = json::error::object_too_large;
    return !over_limit;
  }

  const Fields wanted_;
  const std::size_t kept_bytes_max_;
  json::value_stack document_;
  json::value_stack element_;
  std::vector<Frame> frames_;
  std::string key_;
  const Fields* member_ = nullptr;
  std::size_t skipped_ = 0;  ///< how deep in what is not wanted
  std::size_t kept_bytes_ = 0;
  bool in_element_ = false;
};

}  // namespace

class JsonPruner::Parser {
 public:
  Parser(Fields wanted, const PrunerLimits& limits)
      : limits_{limits},
        parser_{json::parse_options{.max_depth = limits.depth_max}, std::move(wanted),
                limits.kept_bytes_max} {}

  Result<> write(bool more, std::string_view piece) {
    json::error_code failure;
    const std::size_t used = parser_.write_some(more, piece.data(), piece.size(), failure);
    if (parser_.handler().over_limit) {
      return error(
          Code::kResourceExhausted,
          fmt::format("more than {} bytes of one object are to be kept", limits_.kept_bytes_max));
    }
    if (failure) return error(Code::kInternal, fmt::format("not JSON: {}", failure.message()));
    if (used < piece.size()) return error(Code::kInternal, "not JSON: text behind the document");
    if (!more) parser_.reset();
    return {};
  }
  std::vector<json::value>& done() { return parser_.handler().done; }

 private:
  const PrunerLimits limits_;
  json::basic_parser<Handler> parser_;
};

JsonPruner::JsonPruner(Fields wanted, PrunerLimits limits)
    : parser_{std::make_unique<Parser>(std::move(wanted), limits)} {}
JsonPruner::~JsonPruner() = default;

Result<> JsonPruner::feed(std::string_view piece) { return parser_->write(true, piece); }
Result<> JsonPruner::end_document() { return parser_->write(false, {}); }

std::vector<json::value> JsonPruner::take() { return std::exchange(parser_->done(), {}); }

}  // namespace hal::discovery::kubernetes
