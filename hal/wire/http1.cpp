#include <hal/wire/http1.hpp>

#include <type_traits>
#include <utility>

#include <fmt/format.h>

// Beast 1.81 asserts that a final chunk begins with at least 5 bytes, which is wrong for an empty
// chunked body that comes in pieces ("0\r\n", then "\r"): it would abort on a peer's input. The
// code behind the assertion reads within its bounds.
#define BOOST_DISABLE_ASSERTS
#include <boost/beast/http/basic_parser.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/field.hpp>

namespace hal::wire::http1 {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

/// RFC 3986 3.2.2 with the port: what may stand in Host. Empty is allowed (RFC 9112 3.2).
bool valid_host(std::string_view host) {
  constexpr std::string_view kBad = " \t\"#,/<>?@\\^`{|}";
  for (const char c : host) {
    if (static_cast<unsigned char>(c) >= 0x80 || kBad.contains(c)) return false;
  }
  return true;
}

/// Beast's reason as HTTP status and words. `line` says which part was read.
ParseError explain(error_code ec, std::string_view line) {
  const auto bad = [&](int status, Code code, std::string_view what) {
    return ParseError{status, Status{code, fmt::format("{}: {}", line, what)}};
  };
  using enum beast_http::error;
  const auto is = [&](beast_http::error e) { return ec == beast_http::make_error_code(e); };
  if (is(body_limit)) return bad(413, Code::kResourceExhausted, "the body is over the limit");
  if (is(header_limit)) return bad(431, Code::kResourceExhausted, "over the header limit");
  constexpr auto kBad = Code::kInvalidArgument;
  if (is(bad_method)) return bad(400, kBad, "the method is no token");
  if (is(bad_target)) return bad(400, kBad, "bad request target or no HTTP version");
  if (is(bad_version)) return bad(400, kBad, "bad HTTP version");
  if (is(bad_status)) return bad(400, kBad, "bad status code");
  if (is(bad_reason)) return bad(400, kBad, "bad reason phrase");
  if (is(bad_field)) return bad(400, kBad, "bad header name or a space before its colon");
  if (is(bad_value)) return bad(400, kBad, "control character or bare LF in a header value");
  if (is(bad_line_ending)) return bad(400, kBad, "a line does not end with CR LF");
  if (is(bad_content_length)) return bad(400, kBad, "bad or conflicting Content-Length");
  if (is(multiple_content_length)) return bad(400, kBad, "differing Content-Lengths");
  if (is(bad_transfer_encoding)) return bad(400, kBad, "conflicting Transfer-Encoding");
  if (is(bad_chunk)) return bad(400, kBad, "bad chunk size or end");
  if (is(bad_chunk_extension)) return bad(400, kBad, "bad chunk extension");
  return bad(400, kBad, ec.message());
}

/// Feeds Beast's callbacks into a Head; no copy but the one into its buffers.
template <bool kRequest>
class Parser final : public beast_http::basic_parser<kRequest> {
  using Base = beast_http::basic_parser<kRequest>;

 public:
  using Head = std::conditional_t<kRequest, RequestHead, ResponseHead>;

  Parser(const Limits& limits, Head& head, Headers& trailers)
      : limits_{limits}, head_{head}, trailers_{trailers} {
    this->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    this->body_limit(limits.body_bytes);
  }

  /// One structural element of `bytes`. Returns what was consumed.
  std::size_t parse(std::string_view bytes, error_code& ec) {
    body_ = {};
    input_ = bytes;
    return this->put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
  }

  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] bool start_line_done() const { return start_line_done_; }

  [[nodiscard]] ParseError failure(error_code ec) {
    if (failure_) return std::move(*failure_);
    if (this->is_header_done()) return explain(ec, trailers_.empty() ? "body" : "trailers");
    if (!start_line_done_) return explain(ec, kRequest ? "request line" : "status line");
    return explain(ec, fmt::format("header line {}", fields_ + 1));
  }

 private:
  void fail(error_code& ec, int http_status, Code code, std::string message) {
    failure_ = ParseError{http_status, Status{code, std::move(message)}};
    ec = beast_http::make_error_code(beast_http::error::bad_field);
  }

  void on_request_impl(beast_http::verb, BeastView method, BeastView target, int version,
                       error_code& ec) override {
    if constexpr (kRequest) {
      start_line_done_ = true;
      if (target.size() > limits_.target_bytes) {
        fail(ec, 414, Code::kResourceExhausted,
             fmt::format("the request target has more than {} bytes", limits_.target_bytes));
        return;
      }
      head_.method.assign(method.data(), method.size());
      head_.target.assign(target.data(), target.size());
      head_.http11 = version == 11;
      bytes_ = method.size() + target.size() + 12;
    }
  }

  void on_response_impl(int status, BeastView reason, int version, error_code& ec) override {
    if constexpr (!kRequest) {
      start_line_done_ = true;
      if (status < 100) return fail(ec, 400, Code::kInvalidArgument, "status line: bad status");
      head_.status = status;
      head_.reason.assign(reason.data(), reason.size());
      head_.http11 = version == 11;
      bytes_ = reason.size() + 15;
    }
  }

  void on_field_impl(beast_http::field field, BeastView name, BeastView value,
                     error_code& ec) override {
    ++fields_;
    bytes_ += name.size() + value.size() + 4;
    if (fields_ > limits_.header_fields || bytes_ > limits_.header_bytes) {
      return fail(ec, 431, Code::kResourceExhausted,
                  fmt::format("more than {} header lines or {} bytes of them",
                              limits_.header_fields, limits_.header_bytes));
    }
    if (folded(name, value)) {
      return fail(ec, 400, Code::kInvalidArgument,
                  fmt::format("header line {} ({}) is folded (RFC 9112 5.2)", fields_, view(name)));
    }
    if (in_trailers_) return trailers_.add(view(name), view(value));
    if (field == beast_http::field::transfer_encoding) check_coding(view(value), ec);
    if constexpr (kRequest) {
      if (field == beast_http::field::host) check_host(view(value), ec);
      if (field == beast_http::field::expect) {
        head_.expect_continue = head_.http11 && ascii_iequals(view(value), "100-continue");
      }
    }
    if (!ec) head_.headers.add(view(name), view(value));
  }

  /// Beast undoes folding: the value then lies in a buffer of its own or behind a line break.
  [[nodiscard]] bool folded(BeastView name, BeastView value) const {
    const std::less<const char*> before;
    const char* const end = input_.data() + input_.size();
    if (before(value.data(), input_.data()) || before(end, value.data())) return true;
    const char* const gap = name.data() + name.size() + 1;
    return std::any_of(gap, value.data(), [](char c) { return c != ' ' && c != '\t'; });
  }

  void check_coding(std::string_view value, error_code& ec) {
    if (!head_.http11) {
      return fail(ec, 400, Code::kInvalidArgument, "Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)");
    }
    if (!ascii_iequals(value, "chunked")) {
      return fail(ec, 501, Code::kInvalidArgument,
                  "a Transfer-Encoding other than chunked is not supported");
    }
  }

  void check_host(std::string_view value, error_code& ec) {
    if (std::exchange(host_seen_, true)) {
      return fail(ec, 400, Code::kInvalidArgument, "more than one Host header (RFC 9112 3.2)");
    }
    if (!valid_host(value)) {
      return fail(ec, 400, Code::kInvalidArgument, "bad Host header (RFC 9112 3.2)");
    }
  }

  void on_header_impl(error_code& ec) override {
    if constexpr (kRequest) {
      if (head_.http11 && !host_seen_) {
        return fail(ec, 400, Code::kInvalidArgument, "no Host header (RFC 9112 3.2)");
      }
    }
    head_.keep_alive = this->keep_alive();
    head_.chunked = this->chunked();
    if (const auto length = this->content_length()) head_.content_length = *length;
    in_trailers_ = true;
    fields_ = 0;
    bytes_ = 0;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView body, error_code&) override {
    body_ = view(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
    body_ = view(body);
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  const Limits& limits_;
  Head& head_;
  Headers& trailers_;
  std::string_view body_;
  std::string_view input_;  // of the parse() under way
  std::size_t fields_ = 0;
  std::size_t bytes_ = 0;
  bool start_line_done_ = false;
  bool in_trailers_ = false;
  bool host_seen_ = false;
  std::optional<ParseError> failure_;
};

/// What both directions share: limits on what is pending, sticky errors, reuse.
template <bool kRequest>
class Machine {
 public:
  using Head = typename Parser<kRequest>::Head;

  explicit Machine(const Limits& limits) : limits_{limits} {
    parser_.emplace(limits_, head_, trailers_);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  ParseResult<Step> step(std::string_view bytes) {
    if (error_) return std::unexpected{*error_};
    Step step;
    for (;;) {
      if (parser_->is_done()) {
        step.event = Event::kEnd;
        return step;
      }
      const std::string_view rest = bytes.substr(step.consumed);
      if (!parser_->got_some() && rest.starts_with('\r')) {
        if (rest.size() < 2) return step;
        // RFC 9112 2.2: old clients send an empty line behind a body.
        if (rest[1] == '\n' && ++empty_lines_ <= 4) {
          step.consumed += 2;
          continue;
        }
      }
      if (rest.empty()) return step;
      auto done = advance(rest, step);
      if (!done) {
        error_ = std::move(done.error());
        return std::unexpected{*error_};
      }
      if (*done) return step;
    }
  }

  void skip_body() { parser_->skip(true); }
  void allow_any_body() {
    any_body_ = true;
    parser_->body_limit(boost::none);
  }
  [[nodiscard]] Head& head() { return head_; }
  [[nodiscard]] const Headers& trailers() const { return trailers_; }
  [[nodiscard]] bool started() const { return parser_->got_some() || interims_ > 0; }

  Result<> finish() {
    if (error_) return error(error_->status);
    if (!started() || parser_->is_done()) return {};
    if (parser_->got_some() && parser_->is_header_done()) {
      error_code ec;
      parser_->put_eof(ec);
      if (!ec) return {};
      return error(Code::kUnavailable, "the connection was closed in the middle of a body");
    }
    return error(Code::kUnavailable, "the connection was closed in the middle of a head");
  }

  void reset() {
    any_body_ = false;
    restart(false);
    error_.reset();
    interims_ = 0;
    empty_lines_ = 0;
  }

 private:
  /// True when `step` is complete, false to go on with what follows.
  ParseResult<bool> advance(std::string_view bytes, Step& step) {
    const bool had_head = parser_->is_header_done();
    error_code ec;
    const std::size_t consumed = parser_->parse(bytes, ec);
    step.consumed += consumed;
    if (consumed > 0) scanned_ = 0;
    if (ec == beast_http::make_error_code(beast_http::error::need_more)) {
      if (auto held = check_pending(bytes.substr(consumed)); !held) return held;
      return true;
    }
    if (ec) return std::unexpected{blame(parser_->failure(ec), ec, bytes.substr(consumed))};
    if (!had_head && parser_->is_header_done()) {
      if (interim()) {
        if (++interims_ > limits_.interim_responses || status() == 101) {
          return std::unexpected{
              blame({400, {Code::kInvalidArgument, "unexpected 1xx responses"}}, ec, {})};
        }
        restart(parser_->skip());
        if (any_body_) parser_->body_limit(boost::none);
        return false;
      }
      step.event = Event::kHead;
      return true;
    }
    if (!parser_->body().empty()) {
      step.event = Event::kBody;
      step.body = parser_->body();
      return true;
    }
    return false;  // a chunk's header, or the end
  }

  /// `pending` waits for its end: a line must not grow without limit.
  ParseResult<bool> check_pending(std::string_view pending) {
    // Beast waits for the end of the whole head, which a peer that ends lines with LF never sends.
    if (!parser_->is_header_done()) {
      for (auto at = pending.find('\n', scanned_); at != pending.npos;
           at = pending.find('\n', at + 1)) {
        if (at > 0 && pending[at - 1] == '\r') continue;
        return std::unexpected{blame(
            {400, Status{Code::kInvalidArgument, "a line of the head does not end with CR LF"}}, {},
            {})};
      }
      scanned_ = pending.size();
    }
    constexpr std::size_t kMethodAndVersion = 64;
    if (kRequest && !parser_->start_line_done() &&
        pending.size() > limits_.target_bytes + kMethodAndVersion &&
        !pending.substr(0, limits_.target_bytes + kMethodAndVersion).contains('\n')) {
      return std::unexpected{ParseError{
          414, Status{Code::kResourceExhausted,
                      fmt::format("the request line is longer than a target of {} bytes needs",
                                  limits_.target_bytes)}}};
    }
    if (pending.size() > limits_.header_bytes) {
      return std::unexpected{
          blame({431, Status{Code::kResourceExhausted,
                             fmt::format("a head, chunk line or trailers of more than {} bytes",
                                         limits_.header_bytes)}},
                {}, {})};
    }
    return true;
  }

  /// A response's faults are the upstream's: 502, kInternal. A request that names a version we do
  /// not speak gets 505, one that names none 400.
  static ParseError blame(ParseError error, error_code ec, std::string_view line) {
    if (!kRequest) {
      return {502, Status{Code::kInternal, error.status.message()}.with_prefix("bad response")};
    }
    if (ec == beast_http::make_error_code(beast_http::error::bad_version)) {
      line = line.substr(0, line.find('\r'));
      const auto at = line.rfind(' ');
      const auto version = at == line.npos ? line : line.substr(at + 1);
      const auto digit = [&](std::size_t i) { return version[i] >= '0' && version[i] <= '9'; };
      if (version.size() == 8 && version.starts_with("HTTP/") && digit(5) && version[6] == '.' &&
          digit(7) && !version.starts_with("HTTP/1.1") && !version.starts_with("HTTP/1.0")) {
        return {505, Status{Code::kInvalidArgument,
                            fmt::format("{} is not spoken here, HTTP/1.1 is", version)}};
      }
    }
    return error;
  }

  [[nodiscard]] int status() const {
    if constexpr (kRequest) {
      return 0;
    } else {
      return head_.status;
    }
  }
  [[nodiscard]] bool interim() const { return !kRequest && status() < 200; }

  void restart(bool skip_body) {
    // What the caller moved out is gone; what it left keeps its memory.
    Headers kept = std::move(head_.headers);
    kept.clear();
    if constexpr (kRequest) {
      std::string method = std::move(head_.method);
      std::string target = std::move(head_.target);
      head_ = {};
      head_.method = std::move(method);
      head_.target = std::move(target);
      head_.method.clear();
      head_.target.clear();
    } else {
      head_ = {};
    }
    head_.headers = std::move(kept);
    trailers_.clear();
    parser_.emplace(limits_, head_, trailers_);
    parser_->skip(skip_body);
    scanned_ = 0;
  }

  Limits limits_;
  Head head_;
  Headers trailers_;
  std::optional<Parser<kRequest>> parser_;
  std::optional<ParseError> error_;
  std::size_t empty_lines_ = 0;
  std::size_t interims_ = 0;
  bool any_body_ = false;
  std::size_t scanned_ = 0;  // bytes of what is pending that hold no bare LF
};

}  // namespace

struct RequestParser::Impl : Machine<true> {
  using Machine::Machine;
};
struct ResponseParser::Impl : Machine<false> {
  using Machine::Machine;
};

RequestParser::RequestParser(Limits limits) : impl_{std::make_unique<Impl>(limits)} {}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;
ParseResult<Step> RequestParser::step(std::string_view bytes) { return impl_->step(bytes); }
const RequestHead& RequestParser::head() const noexcept { return impl_->head(); }
RequestHead& RequestParser::head() noexcept { return impl_->head(); }
const Headers& RequestParser::trailers() const noexcept { return impl_->trailers(); }
bool RequestParser::started() const noexcept { return impl_->started(); }
Result<> RequestParser::finish() { return impl_->finish(); }
void RequestParser::reset() { impl_->reset(); }

ResponseParser::ResponseParser(Limits limits) : impl_{std::make_unique<Impl>(limits)} {}
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;
ResponseParser::~ResponseParser() = default;
void ResponseParser::expect_no_body() { impl_->skip_body(); }
void ResponseParser::allow_any_body() { impl_->allow_any_body(); }
ParseResult<Step> ResponseParser::step(std::string_view bytes) { return impl_->step(bytes); }
const ResponseHead& ResponseParser::head() const noexcept { return impl_->head(); }
ResponseHead& ResponseParser::head() noexcept { return impl_->head(); }
const Headers& ResponseParser::trailers() const noexcept { return impl_->trailers(); }
bool ResponseParser::started() const noexcept { return impl_->started(); }
Result<> ResponseParser::finish() { return impl_->finish(); }
void ResponseParser::reset() { impl_->reset(); }

}  // namespace hal::wire::http1
