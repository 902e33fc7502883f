#include "test_service.hpp"

#include <hal/async/wait_queue.hpp>

#include <proto/interop.pb.h>

namespace interop {
namespace {

using hal::Code;
using hal::Result;
using hal::Task;
using hal::rpc::MethodKind;
using hal::rpc::ServerStream;
using hal::rpc::Service;
using namespace hal::internal::testing;

constexpr std::string_view kInitial = "x-grpc-test-echo-initial";
constexpr std::string_view kTrailing = "x-grpc-test-echo-trailing-bin";

Task<Result<>> echo_metadata() {
  auto& call = co_await hal::rpc::server_call();
  if (const auto value = call.metadata(kInitial)) {
    co_await or_return(call.add_initial_metadata(kInitial, *value));
  }
  if (const auto value = call.metadata(kTrailing)) {
    co_await or_return(call.add_trailing_metadata(kTrailing, *value));
  }
  co_return Result<>{};
}

Result<> as_asked(const EchoStatus& status) {
  if (status.code() == 0) return {};
  return hal::error(hal::code_from_number(static_cast<std::uint64_t>(status.code())),
                    status.message());
}

Result<> fill(std::int32_t size, Payload& payload) {
  if (size < 0) return hal::error(Code::kInvalidArgument, "a payload has no negative size");
  payload.set_body(std::string(static_cast<std::size_t>(size), '\0'));
  return {};
}

Task<Result<>> empty_call(Service&, ServerStream& stream) {
  co_await or_return(echo_metadata());
  Empty message;
  co_await or_return(stream.read_only(message));
  co_return stream.write(message);
}

Task<Result<>> unary_call(Service&, ServerStream& stream) {
  co_await or_return(echo_metadata());
  SimpleRequest request;
  co_await or_return(stream.read_only(request));
  co_await or_return(as_asked(request.response_status()));
  SimpleResponse response;
  co_await or_return(fill(request.response_size(), *response.mutable_payload()));
  co_return stream.write(response);
}

Task<Result<>> send_payloads(ServerStream* stream, const StreamingOutputCallRequest* request) {
  for (const auto& wanted : request->response_parameters()) {
    if (wanted.interval_us() > 0) {
      co_await or_return(co_await hal::sleep(std::chrono::microseconds{wanted.interval_us()}));
    }
    StreamingOutputCallResponse response;
    co_await or_return(fill(wanted.size(), *response.mutable_payload()));
    co_await or_return(stream->write(response));
    co_await or_return(stream->writable());
  }
  co_return Result<>{};
}

Task<Result<>> streaming_output_call(Service&, ServerStream& stream) {
  co_await or_return(echo_metadata());
  StreamingOutputCallRequest request;
  co_await or_return(stream.read_only(request));
  co_await or_return(as_asked(request.response_status()));
  co_return co_await send_payloads(&stream, &request);
}

Task<Result<>> streaming_input_call(Service&, ServerStream& stream) {
  co_await or_return(echo_metadata());
  StreamingInputCallRequest request;
  std::size_t sum = 0;
  while (co_await or_return(stream.read(request))) sum += request.payload().body().size();
  StreamingInputCallResponse response;
  response.set_aggregated_payload_size(static_cast<std::int32_t>(sum));
  co_return stream.write(response);
}

Task<Result<>> full_duplex_call(Service&, ServerStream& stream) {
  co_await or_return(echo_metadata());
  StreamingOutputCallRequest request;
  while (co_await or_return(stream.read(request))) {
    co_await or_return(as_asked(request.response_status()));
    co_await or_return(send_payloads(&stream, &request));
  }
  co_return Result<>{};
}

/// Answers when the client has sent everything.
Task<Result<>> half_duplex_call(Service&, ServerStream& stream) {
  constexpr std::size_t kRequestsMax = 1000;
  co_await or_return(echo_metadata());
  std::vector<StreamingOutputCallRequest> requests;
  for (StreamingOutputCallRequest request; co_await or_return(stream.read(request));) {
    if (requests.size() == kRequestsMax) {
      co_return hal::error(Code::kResourceExhausted, "too many requests in one call");
    }
    requests.push_back(std::move(request));
  }
  for (const auto& request : requests) co_await or_return(send_payloads(&stream, &request));
  co_return Result<>{};
}

}  // namespace

std::span<const hal::rpc::Method> TestService::methods() const noexcept {
  static constexpr hal::rpc::Method kMethods[] = {
      {"EmptyCall", MethodKind::kUnary, &empty_call},
      {"UnaryCall", MethodKind::kUnary, &unary_call},
      {"StreamingOutputCall", MethodKind::kServerStreaming, &streaming_output_call},
      {"StreamingInputCall", MethodKind::kClientStreaming, &streaming_input_call},
      {"FullDuplexCall", MethodKind::kBidiStreaming, &full_duplex_call},
      {"HalfDuplexCall", MethodKind::kBidiStreaming, &half_duplex_call},
  };
  return kMethods;
}

}  // namespace interop
