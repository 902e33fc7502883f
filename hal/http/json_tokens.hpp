// What every receiver of Boost.JSON's tokens needs: whole tokens, their count, the first problem.
// For .cpp files: it brings the parser along.
#pragma once

#include <hal/base/status.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

namespace hal::http::json {

/// Base of a handler of boost::json::basic_parser. A derived one counts each token (a bracket, a
/// key, a string, a number, a literal) as it comes, and has `std::string path() const`, which names
/// what is being read: "$.user.names[3]".
class TokenHandler {
 public:
  using ErrorCode = boost::json::error_code;

  // What is read has a limit as a whole.
  static constexpr auto max_object_size = static_cast<std::size_t>(-1);
  static constexpr auto max_array_size = static_cast<std::size_t>(-1);
  static constexpr auto max_key_size = static_cast<std::size_t>(-1);
  static constexpr auto max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_comment_part(std::string_view, ErrorCode&) { return true; }
  bool on_comment(std::string_view, ErrorCode&) { return true; }
  bool on_key_part(std::string_view part, std::size_t, ErrorCode&) { return hold(part); }
  bool on_string_part(std::string_view part, std::size_t, ErrorCode&) { return hold(part); }
  bool on_number_part(std::string_view part, ErrorCode&) { return hold(part); }

  /// Why the handler stopped the parser; empty if it did not.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }

 protected:
  void count_token() noexcept { ++tokens_; }
  /// The whole token: the parts held so far and the last one. Valid until the next event.
  std::string_view whole(std::string_view last) {
    if (held_.empty()) return last;
    token_ = std::exchange(held_, {}).append(last);
    return token_;
  }
  /// Stops the parser.
  bool stop(ErrorCode& ec, std::string problem) {
    problem_ = std::move(problem);
    ec = boost::json::error::syntax;  // any error stops the parser; problem_ says which
    return false;
  }

 private:
  bool hold(std::string_view part) {
    held_.append(part);
    return true;
  }

  std::size_t tokens_ = 0;
  std::string held_;
  std::string token_;
  std::string problem_;
};

struct TokenLimits {
  /// Arrays and objects inside each other. The handler checks it, to name the place.
  std::size_t depth_max = 32;
  /// Texts may hold any bytes: what reads them on decides.
  bool allow_invalid_utf8 = false;
};

/// The beginning of a long text, for messages: an error is one readable line.
[[nodiscard]] std::string_view shortened(std::string_view text);
/// `text` in a message: shortened, as JSON.
[[nodiscard]] std::string quoted(std::string_view text);
/// Appends a step of a path: ".name", or ["other text"].
void append_step(std::string& path, std::string_view key);

/// The path of what is being read: "$.user.names[3]". A frame is an open array or object, outermost
/// first: `in_element` once a value of it has begun, the `key` of that, or its `index` from 1.
template <class Frames>
[[nodiscard]] std::string path_of(const Frames& frames) {
  std::string path = "$";
  for (const auto& frame : frames) {
    if (!frame.in_element) break;
    if (frame.is_array) {
      path += fmt::format("[{}]", frame.index - 1);
    } else {
      append_step(path, frame.key);
    }
  }
  return path;
}

/// "<problem> (line 3, column 14)" for token `number` of `text`.
[[nodiscard]] Status refuse_token(std::string_view text, std::string_view problem,
                                  std::size_t number);
/// What the parser itself objects to at `offset`: the text is no JSON.
[[nodiscard]] Status refuse_syntax(std::string_view text, const std::string& path,
                                   boost::json::error_code ec, std::size_t offset);
/// OK if nothing but white space stands behind `offset`.
[[nodiscard]] Status refuse_rest(std::string_view text, std::size_t offset);

/// Feeds `text` to a Handler made of `values`. INVALID_ARGUMENT with path, reason, line and column.
template <class Handler, class... Values>
[[nodiscard]] Status read_tokens(std::string_view text, const TokenLimits& limits,
                                 Values&&... values) {
  boost::json::parse_options options;
  options.max_depth = limits.depth_max + 1;  // the handler's own check comes first
  options.allow_invalid_utf8 = limits.allow_invalid_utf8;
  boost::json::basic_parser<Handler> parser{options, std::forward<Values>(values)...};
  boost::json::error_code ec;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  const Handler& handler = parser.handler();
  if (!handler.problem().empty()) return refuse_token(text, handler.problem(), handler.tokens());
  if (ec) return refuse_syntax(text, handler.path(), ec, consumed);
  return refuse_rest(text, consumed);
}

}  // namespace hal::http::json
