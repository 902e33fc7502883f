#include <hal/rpc/client_call.hpp>

#include <hal/base/ascii.hpp>
#include <hal/rpc/go_micro.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::rpc {
namespace {

/// Of requests that are not processed: a server that drains refuses once, the next may drain as
/// well.
constexpr int kAttemptsMax = 3;

/// What an answer without grpc-status means (doc/http-grpc-status-mapping.md).
Status status_of_http(const Headers& headers) {
  const auto text = headers.get(":status").value_or("");
  const int http = parse_int<int>(text).value_or(0);
  if (http != 200) {
    return {wire::grpc::code_from_http(http), fmt::format("the server answered HTTP {}", text)};
  }
  return {Code::kInternal, "the server ended the call without a grpc-status"};
}

}  // namespace

ClientCall::ClientCall(Connections& connections, const google::protobuf::MessageLite& request,
                       google::protobuf::MessageLite& response, CallOptions& options,
                       const ChannelOptions& channel_options)
    : connections_{connections},
      request_{request},
      response_{response},
      options_{options},
      channel_options_{channel_options} {}

Task<> ClientCall::run(service::Call& call) {
  for (;;) {
    ++attempts_;
    auto outcome = co_await attempt(call);
    if (outcome) co_return;
    if (co_await again(call, outcome.error())) continue;
    call.status = std::move(outcome.error());
    co_return;
  }
}

Task<Result<>> ClientCall::attempt(service::Call& call) {
  fate_ = Fate::kEnded;
  pushback_.reset();
  auto route = connections_.ready(avoid_);
  if (route.connection == nullptr) {
    route = co_await or_return(
        connections_.take({.avoid = avoid_, .wait_for_ready = options_.wait_for_ready}));
  }
  node_ = route.node;
  auto outcome = co_await exchange(call, route);
  connections_.released();
  if (outcome || outcome.error().code() != Code::kUnavailable) {
    connections_.budget().succeeded();
    fate_ = Fate::kEnded;
  } else if (fate_ == Fate::kUnknown || fate_ == Fate::kRefusedAgain) {
    connections_.budget().failed();
    connections_.call_failed();
  }
  co_return outcome;
}

/// Not before the connection is there: connecting has used up some of the time.
void ClientCall::write_headers(Headers& headers, const Context& context, bool micro) {
  std::optional<Duration> left;
  if (context.deadline != kNoDeadline) left = context.deadline - context.loop->now();
  if (left) headers.set("grpc-timeout", wire::grpc::format_timeout(*left));
  if (micro) {
    go_micro::add_headers(headers, options_.codec, left);
  } else if (micro_headers_) {
    go_micro::remove_headers(headers, options_.codec);
  }
  micro_headers_ = micro;
}

Task<Result<>> ClientCall::exchange(service::Call& call, const Route& route) {
  write_headers(*call.request_headers, co_await this_context(), route.go_micro);
  auto message = co_await or_return(frame_message(request_, options_.codec));
  fate_ = Fate::kNotSent;
  const auto stream = co_await or_return(route.connection->open(*call.request_headers, false));
  co_await or_return(stream->send(std::move(message), true));
  fate_ = Fate::kUnknown;
  auto received = co_await receive(*stream);
  if (stream->headers_received()) {
    connections_.answered(node_);
  } else if (!received && stream->refused()) {
    refused(route);
  }
  response_headers_ = std::move(stream->headers());
  call.response_headers = &response_headers_;
  co_return received;
}

/// A node that drains, or dies, takes its connection with it. One that refuses and stays would get
/// the call again: it has nothing under way.
void ClientCall::refused(const Route& route) {
  fate_ = Fate::kNotProcessed;
  if (!route.connection->usable()) return;
  connections_.refused(node_);
  avoid_ = node_;
  if (std::exchange(was_refused_, true)) fate_ = Fate::kRefusedAgain;
}

/// Sleeps as long as it takes before the next attempt; false when there is none.
Task<bool> ClientCall::again(service::Call& call, const Status& failure) {
  if (fate_ == Fate::kEnded || failure.code() != Code::kUnavailable) co_return false;
  Duration delay{};
  if (fate_ == Fate::kUnknown || fate_ == Fate::kRefusedAgain) {
    const auto wanted = retry_delay();
    if (!wanted) co_return false;
    delay = *wanted;
    avoid_ = node_;
    call.request_headers->set("grpc-previous-rpc-attempts", fmt::format("{}", attempts_));
    if (options_.initial_metadata != nullptr) options_.initial_metadata->clear();
    if (options_.trailing_metadata != nullptr) options_.trailing_metadata->clear();
    if (options_.status_details != nullptr) options_.status_details->clear();
  } else if (attempts_ >= kAttemptsMax) {
    co_return false;
  }
  call.response_headers = nullptr;
  if (delay == Duration{}) co_return true;
  const Context& context = co_await this_context();
  // Not worth waiting for: the failure that is known says more than a deadline.
  if (saturating_add(context.loop->now(), delay) >= context.deadline) co_return false;
  co_return (co_await sleep(delay)).has_value();
}

/// Whether and when a request that has failed is sent again (gRPC proposal A6).
std::optional<Duration> ClientCall::retry_delay() {
  const auto& retry = channel_options_.retry;
  const bool is_safe =
      fate_ == Fate::kRefusedAgain || options_.idempotent || channel_options_.idempotent;
  if (!is_safe) return std::nullopt;
  if (attempts_ >= retry.attempts_max || !connections_.budget().allows()) return std::nullopt;
  if (pushback_) {
    const auto wanted = parse_int<std::uint32_t>(*pushback_);
    if (!wanted) return std::nullopt;  // negative or malformed: do not come again
    return std::chrono::milliseconds{*wanted};
  }
  const Duration most = std::min(retry.max, retry.base * (1 << std::min(attempts_ - 1, 16)));
  return std::chrono::duration_cast<Duration>(
      most * std::uniform_real_distribution<>{0, 1}(connections_.random()));
}

/// An answer that is no gRPC: a proxy's error page must not be read as messages.
Result<> ClientCall::check_headers(const Headers& headers) {
  if (headers.contains("grpc-status")) return {};
  const auto type = headers.get("content-type").value_or("");
  if (headers.get(":status") != "200") return error(status_of_http(headers));
  if (type.starts_with("application/grpc")) return {};
  return error(Code::kUnknown,
               fmt::format("the server answered with content-type '{}', which is no gRPC", type));
}

Task<Result<>> ClientCall::receive(transport::Http2Stream& stream) {
  wire::grpc::MessageReader reader{{.max_bytes = channel_options_.message_bytes_max}};
  std::optional<std::string> message;
  bool checked = false;
  for (;;) {
    if (!checked && stream.headers_received()) {
      co_await or_return(check_headers(stream.headers()));
      checked = true;
    }
    if (stream.has_data()) {
      reader.put(stream.take_data());
      while (auto next = co_await or_return(reader.next())) {
        if (message) co_return error(Code::kInternal, "more than one response to a unary call");
        message = std::move(*next);
      }
    }
    // A failure after the whole answer is there does not matter any more.
    if (stream.ended()) break;
    if (!stream.failure().ok()) co_return error(stream.failure());
    co_await or_return(co_await stream.changed());
  }
  co_await or_return(reader.finish());
  co_return finish(stream, std::move(message));
}

Result<> ClientCall::finish(transport::Http2Stream& stream, std::optional<std::string> message) {
  const Headers& trailers = stream.trailers().empty() ? stream.headers() : stream.trailers();
  if (options_.initial_metadata != nullptr) {
    copy_metadata(stream.headers(), *options_.initial_metadata);
  }
  if (options_.trailing_metadata != nullptr) {
    copy_metadata(trailers, *options_.trailing_metadata);
  }
  if (options_.status_details != nullptr) {
    *options_.status_details = metadata_value(trailers, "grpc-status-details-bin").value_or("");
  }
  if (const auto wish = trailers.get("grpc-retry-pushback-ms")) pushback_ = *wish;
  const auto status = status_from(trailers);
  if (!status) return error(status_of_http(stream.headers()));
  if (!status->ok()) return error(go_micro::from_micro(*status));
  if (!message) return error(Code::kInternal, "the server sent OK without a response message");
  return parse_message(*message, response_, options_.codec);
}

}  // namespace hal::rpc
