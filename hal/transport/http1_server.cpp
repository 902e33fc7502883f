#include <hal/transport/http1_server.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/transport/connection_age.hpp>
#include <hal/transport/http1_session.hpp>
#include <hal/transport/http_date.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace hal::transport {
namespace detail {
namespace {

/// A claimed length is no reason to take memory: beyond this the body grows as it comes.
constexpr std::uint64_t kReservedMax = 64 * 1024;

/// What one head needs, and so what pipelined requests may fill.
std::size_t buffer_max(const Http1ServerOptions& options) {
  return options.read_bytes + options.limits.header_bytes + options.limits.target_bytes;
}

/// The parser does not know who takes in a body: it holds the larger limit, the session the other.
wire::http1::Limits parser_limits(const Http1ServerOptions& options) {
  wire::http1::Limits limits = options.limits;
  limits.body_bytes = std::max(limits.body_bytes, options.stream_body_bytes);
  return limits;
}

}  // namespace

Http1Session::Http1Session(net::Stream& stream, Http1Handler& handler,
                           const Http1ServerOptions& options, Loop& loop)
    : PhaseTimer{loop},
      stream_{stream},
      handler_{handler},
      options_{options},
      parser_{parser_limits(options)},
      buffer_{options.read_bytes, buffer_max(options)},
      read_{stream, *this},
      write_{stream, *this},
      write_timer_{loop, stream},
      exchange_{.request = request_, .response = response_, .body = *this, .writer = *this} {}

Task<> Http1Session::run() {
  const Context& context = co_await this_context();
  while (!ending_ && !(context.stop != nullptr && context.stop->requested())) {
    switch (parse()) {
      case Progress::kNeedMore:
        co_await fill();
        break;
      case Progress::kRequest:
        co_await answer();
        break;
      case Progress::kEnding:
        break;
    }
  }
  co_await finish();
}

Http1Session::Progress Http1Session::parse() {
  using wire::http1::Event;
  for (;;) {
    const auto step = parser_.step(buffer_.unread());
    if (!step) {
      // What follows an answer is nobody's any more.
      if (body_ == Body::kLeft) return drop_body(options_.unread_body_bytes + 1);
      refuse(step.error().http_status, step.error().status.message());
      return Progress::kEnding;
    }
    buffer_.consume(step->consumed);
    Progress progress = Progress::kNeedMore;
    switch (step->event) {
      case Event::kNeedMore:
        return Progress::kNeedMore;
      case Event::kHead:
        progress = on_head();
        break;
      case Event::kBody:
        progress = on_body(step->body);
        break;
      case Event::kEnd:
        progress = on_end();
        break;
    }
    if (progress != Progress::kNeedMore) return progress;
  }
}

Http1Session::Progress Http1Session::on_head() {
  auto& head = parser_.head();
  head_complete_ = true;
  request_keeps_alive_ = head.keep_alive;
  request_http11_ = head.http11;
  request_is_head_ = head.method == "HEAD";
  std::swap(request_.method, head.method);
  std::swap(request_.target, head.target);
  std::swap(request_.headers, head.headers);
  request_.body.clear();
  const std::uint64_t length = head.content_length.value_or(0);
  if (!head.chunked && length == 0) return Progress::kNeedMore;
  if (handler_.body_use(request_) == BodyUse::kStream) {
    body_ = Body::kStream;
    body_bytes_ = 0;
    continue_due_ = head.expect_continue;
    if (length <= options_.stream_body_bytes) return Progress::kRequest;
    return refuse_body(options_.stream_body_bytes);
  }
  if (length > options_.limits.body_bytes) return refuse_body(options_.limits.body_bytes);
  request_.body.reserve(std::min(length, kReservedMax));
  if (head.expect_continue && buffer_.empty()) wire::http1::write_continue(out_);
  return Progress::kNeedMore;
}

Http1Session::Progress Http1Session::refuse_body(std::uint64_t limit) {
  refuse(413, fmt::format("the body is over the limit of {} bytes", limit));
  return Progress::kEnding;
}

Http1Session::Progress Http1Session::on_body(std::string_view piece) {
  if (body_ == Body::kLeft) return drop_body(piece.size());
  if (request_.body.size() + piece.size() > options_.limits.body_bytes) {
    return refuse_body(options_.limits.body_bytes);
  }
  request_.body.append(piece);
  return Progress::kNeedMore;
}

Http1Session::Progress Http1Session::on_end() {
  parser_.reset();
  head_complete_ = false;
  if (std::exchange(body_, Body::kWhole) == Body::kLeft) return Progress::kNeedMore;
  return Progress::kRequest;
}

Task<> Http1Session::answer() {
  ++served_;
  phase_ = Phase::kHandler;
  clear();
  response_.status = 200;
  response_.headers.clear();
  response_.body.clear();
  context_ = co_await this_context();
  stop_.emplace(context_.stop);
  context_.stop = &*stop_;
  Status thrown;
  try {
    co_await run_observed(handler_.handle_exchange(exchange_), context_, *this);
  } catch (...) {
    thrown = status_of_current_exception();
  }
  stop_.reset();
  end_answer(std::move(thrown));
  if (out_.size() >= options_.write_together_bytes) co_await flush();
}

bool Http1Session::keeps_alive() const {
  return request_keeps_alive_ && !peer_closed_ && !leaving_ && served_ < options_.requests_max &&
         (body_ == Body::kWhole || can_drop_rest());
}

void Http1Session::end_answer(Status thrown) {
  if (!thrown.ok()) {
    log::error("an HTTP handler threw: {}", thrown.message());
    response_ = {.status = 500};
    handler_.refuse(500, "internal error", response_);
    if (started()) abandon();
  }
  if (started()) return end_stream();
  if (body_failure_) {
    const auto failure = *std::exchange(body_failure_, std::nullopt);
    return refuse(failure.http_status, failure.status.message());
  }
  const bool keep_alive = keeps_alive();
  append_response(keep_alive);
  if (!keep_alive) {
    ending_ = true;
    lingers_ = !buffer_.empty() || body_ != Body::kWhole;
  } else if (body_ != Body::kWhole) {
    body_ = Body::kLeft;
    dropped_bytes_ = 0;
  }
}

void Http1Session::refuse(int status, std::string_view message) {
  request_is_head_ = false;
  request_http11_ = true;
  response_ = {.status = status};
  handler_.refuse(status, message, response_);
  append_response(false);
  ending_ = true;
  lingers_ = true;
}

void Http1Session::append_response(bool keep_alive) {
  const int status = response_.status;
  if (!response_.headers.contains("date")) response_.headers.add("date", http_date_now());
  const bool bodiless = status == 204 || status == 304;
  wire::http1::Framing framing{.keep_alive = keep_alive, .peer_http11 = request_http11_};
  if (!bodiless) framing.content_length = response_.body.size();
  const auto written =
      status < 200 || status > 999
          ? error(Code::kInternal, "the status is none of a final response")
          : wire::http1::write_response_head(status, response_.headers, framing, out_);
  if (!written) {
    log::error("an HTTP response with status {} cannot be sent: {}", status,
               written.error().message());
    response_ = {.status = 500};
    handler_.refuse(500, "internal error", response_);
    framing.content_length = response_.body.size();
    const auto again = wire::http1::write_response_head(500, response_.headers, framing, out_);
    expects(again.has_value(), "the headers of a refusal can be sent");
  }
  if (!bodiless && !request_is_head_) out_.append(response_.body);
}

}  // namespace detail

BodyUse Http1Handler::body_use(const HttpRequest&) const { return BodyUse::kWhole; }

Task<> Http1Handler::handle(HttpRequest&, HttpResponse&) {
  expects(false, "a handler overrides handle() or handle_exchange()");
  co_return;
}

Task<> Http1Handler::handle_exchange(HttpExchange& exchange) {
  return handle(exchange.request, exchange.response);
}

namespace {

/// Until the drain, or until the connection is old.
Task<> watch_end(Scope* scope, detail::Http1Session* session, const Http1ServerOptions* options,
                 service::Drain* drain) {
  const bool ages = options->age_max > Duration::zero();
  const auto told = ages ? co_await timeout(jittered(options->age_max, options->age_jitter_percent),
                                            drain->wait())
                         : co_await drain->wait();
  const bool too_old = !told && told.error().code() == Code::kDeadlineExceeded;
  if (!told && !too_old) co_return;
  session->leave();
  if (!too_old || options->age_grace == Duration::zero()) co_return;
  if (co_await sleep(options->age_grace)) {
    scope->cancel({Code::kUnavailable, "the connection's grace is over"});
  }
}

Task<Result<>> run_session(Scope& scope, detail::Http1Session* session,
                           const Http1ServerOptions* options, service::Drain* drain) {
  scope.spawn(watch_end, &scope, session, options, drain);
  co_await session->run();
  scope.cancel({Code::kCancelled, "the connection has ended"});
  co_return Result<>{};
}

}  // namespace

Task<> serve_http1(net::Stream& stream, Http1Handler& handler, const Http1ServerOptions& options,
                   service::Drain& drain) {
  // Outside the scope: its children use the session until they have been joined.
  detail::Http1Session session{stream, handler, options, *(co_await this_context()).loop};
  if (auto ended = co_await with_scope(run_session, &session, &options, &drain); !ended) {
    log::warn("an HTTP connection failed: {}", ended.error().message());
  }
}

}  // namespace hal::transport
