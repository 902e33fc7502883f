#include <hal/rpc/client_call.hpp>

#include <hal/base/ascii.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::rpc {
namespace {

/// The first attempt and two more: a server that drains refuses once, the next may drain as well.
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
                       std::size_t message_bytes_max)
    : connections_{connections},
      request_{request},
      response_{response},
      options_{options},
      message_bytes_max_{message_bytes_max} {}

Task<> ClientCall::run(service::Call& call) {
  for (int attempts = 1;; ++attempts) {
    auto outcome = co_await attempt(call);
    if (outcome && *outcome == Again::kNo) co_return;
    if (outcome && attempts < kAttemptsMax) continue;
    call.status = outcome ? Status{Code::kUnavailable, "the server takes no more requests"}
                          : std::move(outcome.error());
    co_return;
  }
}

Task<Result<ClientCall::Again>> ClientCall::attempt(service::Call& call) {
  auto connection = connections_.ready();
  if (connection == nullptr) connection = co_await or_return(connections_.take());
  // After the connection is there: connecting has used up some of the time.
  const Context& context = co_await this_context();
  if (context.deadline != kNoDeadline) {
    call.request_headers->set("grpc-timeout",
                              wire::grpc::format_timeout(context.deadline - context.loop->now()));
  }
  auto message = co_await or_return(frame_message(request_));
  auto stream = connection->open(*call.request_headers, false);
  if (!stream) {
    // Nothing has been sent: the connection has just said goodbye, the next one may take it.
    if (stream.error().code() == Code::kUnavailable) co_return Again::kYes;
    co_return error(std::move(stream.error()));
  }
  co_await or_return((*stream)->send(std::move(message), true));
  auto received = co_await receive(**stream);
  if (!received && (*stream)->refused()) co_return Again::kYes;
  response_headers_ = std::move((*stream)->headers());
  call.response_headers = &response_headers_;
  if (!received) co_return error(std::move(received.error()));
  co_return Again::kNo;
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
  wire::grpc::MessageReader reader{{.max_bytes = message_bytes_max_}};
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
  const auto status = status_from(trailers);
  if (!status) return error(status_of_http(stream.headers()));
  if (!status->ok()) return error(*status);
  if (!message) return error(Code::kInternal, "the server sent OK without a response message");
  return parse_message(*message, response_);
}

}  // namespace hal::rpc
