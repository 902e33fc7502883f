#include "cases.hpp"

#include <hal/rpc/metadata.hpp>

#include <fmt/format.h>
#include <proto/interop.pb.h>

#include <map>

namespace interop {
namespace {

using hal::Code;
using hal::Result;
using hal::Status;
using hal::Task;
using hal::rpc::CallOptions;
using hal::rpc::Channel;
using namespace hal::internal::testing;

constexpr std::string_view kEmptyCall = "/grpc.testing.TestService/EmptyCall";
constexpr std::string_view kUnaryCall = "/grpc.testing.TestService/UnaryCall";
constexpr std::size_t kRequestBytes = 271'828;
constexpr std::size_t kResponseBytes = 314'159;
constexpr int kSoakCalls = 100;

std::unexpected<Status> wrong(std::string what) {
  return hal::error(Code::kFailedPrecondition, std::move(what));
}

Result<> expect_status(const Status& seen, const Status& wanted) {
  if (seen == wanted) return {};
  return wrong(fmt::format("the status is {} instead of {}", seen.to_string(), wanted.to_string()));
}

template <class Response>
Status status_of(const Result<Response>& result) {
  return result ? Status{} : result.error();
}

SimpleRequest large_request() {
  SimpleRequest request;
  request.set_response_size(kResponseBytes);
  request.mutable_payload()->set_body(std::string(kRequestBytes, '\0'));
  return request;
}

Task<Result<SimpleResponse>> unary_call(const Channel* channel, SimpleRequest request,
                                        CallOptions options = {}) {
  co_return co_await hal::rpc::detail::call_unary<SimpleResponse>(
      channel, kUnaryCall, std::move(request), std::move(options));
}

Task<Result<Empty>> empty_call(const Channel* channel, std::string_view path = kEmptyCall) {
  co_return co_await hal::rpc::detail::call_unary<Empty>(channel, path, Empty{}, {});
}

Task<Result<>> empty_unary(const Channel* channel) {
  co_await or_return(empty_call(channel));
  co_return Result<>{};
}

Task<Result<>> large_unary(const Channel* channel) {
  const auto response = co_await or_return(unary_call(channel, large_request()));
  if (response.payload().body() != std::string(kResponseBytes, '\0')) {
    co_return wrong(fmt::format("the answer has {} bytes, or others than zeros",
                                response.payload().body().size()));
  }
  co_return Result<>{};
}

Task<Result<>> custom_metadata(const Channel* channel) {
  constexpr std::string_view kInitial = "x-grpc-test-echo-initial";
  constexpr std::string_view kTrailing = "x-grpc-test-echo-trailing-bin";
  CallOptions options;
  hal::Headers initial;
  hal::Headers trailing;
  options.initial_metadata = &initial;
  options.trailing_metadata = &trailing;
  co_await or_return(
      hal::rpc::add_metadata(kInitial, "test_initial_metadata_value", options.metadata));
  co_await or_return(hal::rpc::add_metadata(kTrailing, "\xab\xab\xab", options.metadata));
  co_await or_return(unary_call(channel, large_request(), std::move(options)));
  if (hal::rpc::metadata_value(initial, kInitial) != "test_initial_metadata_value") {
    co_return wrong("the initial metadata did not come back");
  }
  if (hal::rpc::metadata_value(trailing, kTrailing) != "\xab\xab\xab") {
    co_return wrong("the trailing metadata did not come back");
  }
  co_return Result<>{};
}

Task<Result<>> expect_echoed_status(const Channel* channel, std::string text) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message(text);
  const auto response = co_await unary_call(channel, std::move(request));
  co_return expect_status(status_of(response), {Code::kUnknown, std::move(text)});
}

Task<Result<>> status_code_and_message(const Channel* channel) {
  co_return co_await expect_echoed_status(channel, "test status message");
}

Task<Result<>> special_status_message(const Channel* channel) {
  co_return co_await expect_echoed_status(
      channel, "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n");
}

Task<Result<>> expect_unimplemented(const Channel* channel, std::string_view path) {
  const auto response = co_await empty_call(channel, path);
  if (status_of(response).code() == Code::kUnimplemented) co_return Result<>{};
  co_return wrong(
      fmt::format("the status is {} instead of UNIMPLEMENTED", status_of(response).to_string()));
}

Task<Result<>> unimplemented_method(const Channel* channel) {
  co_return co_await expect_unimplemented(channel, "/grpc.testing.TestService/UnimplementedCall");
}

Task<Result<>> unimplemented_service(const Channel* channel) {
  co_return co_await expect_unimplemented(channel,
                                          "/grpc.testing.UnimplementedService/UnimplementedCall");
}

/// Not one of gRPC's cases: its deadline case needs a stream.
Task<Result<>> unary_timeout(const Channel* channel) {
  const auto response =
      co_await unary_call(channel, large_request(), {.timeout = std::chrono::nanoseconds{1}});
  if (status_of(response).code() == Code::kDeadlineExceeded) co_return Result<>{};
  co_return wrong(fmt::format("the status is {} instead of DEADLINE_EXCEEDED",
                              status_of(response).to_string()));
}

Task<Result<>> rpc_soak(const Channel* channel) {
  for (int i = 0; i < kSoakCalls; ++i) co_await or_return(large_unary(channel));
  co_return Result<>{};
}

using Case = Task<Result<>> (*)(const Channel*);

const std::map<std::string_view, Case>& cases() {
  static const std::map<std::string_view, Case> kCases{
      {"empty_unary", &empty_unary},
      {"large_unary", &large_unary},
      {"custom_metadata", &custom_metadata},
      {"status_code_and_message", &status_code_and_message},
      {"special_status_message", &special_status_message},
      {"unimplemented_method", &unimplemented_method},
      {"unimplemented_service", &unimplemented_service},
      {"unary_timeout", &unary_timeout},
      {"rpc_soak", &rpc_soak},
      {"client_streaming", nullptr},
      {"server_streaming", nullptr},
      {"ping_pong", nullptr},
      {"empty_stream", nullptr},
      {"timeout_on_sleeping_server", nullptr},
      {"cancel_after_begin", nullptr},
      {"cancel_after_first_response", nullptr},
  };
  return kCases;
}

}  // namespace

Task<Result<>> run_case(const Channel* channel, std::string name) {
  const auto found = cases().find(name);
  if (found == cases().end()) {
    std::string known;
    for (const auto& entry : cases()) known += fmt::format(" {}", entry.first);
    co_return hal::error(Code::kInvalidArgument,
                         fmt::format("no case '{}'; the cases are{}", name, known));
  }
  if (found->second == nullptr) {
    co_return hal::error(Code::kUnimplemented,
                         fmt::format("'{}' needs streams: this client makes unary calls", name));
  }
  co_return co_await found->second(channel);
}

}  // namespace interop
