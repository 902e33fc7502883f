#include "caller.hpp"

#include <boost/json.hpp>

#include <fmt/format.h>

namespace harness {
namespace {

using hal::Code;
using hal::error;
using hal::Result;
using hal::Task;

constexpr std::size_t kCallsMax = 64;
constexpr std::string_view kGrpc = "grpc://";

Result<Call> parse_call(const boost::json::value& element, std::size_t index) {
  const auto* object = element.if_object();
  const auto* url = object == nullptr ? nullptr : object->if_contains("url");
  if (url == nullptr || !url->is_string()) {
    return error(Code::kInvalidArgument,
                 fmt::format("element {} is no object with a text \"url\"", index));
  }
  const auto* arguments = object->if_contains("arguments");
  if (arguments != nullptr && !arguments->is_array()) {
    return error(Code::kInvalidArgument,
                 fmt::format("element {}: \"arguments\" is no array", index));
  }
  return Call{.url = std::string{url->as_string()},
              .arguments = arguments == nullptr ? "[]" : boost::json::serialize(*arguments)};
}

}  // namespace

Result<std::vector<Call>> parse_calls(std::string_view json) {
  boost::json::error_code failed;
  const auto parsed = boost::json::parse(json, failed);
  if (failed) return error(Code::kInvalidArgument, "the body is no JSON: " + failed.message());
  const auto* list = parsed.if_array();
  if (list == nullptr || list->size() > kCallsMax) {
    return error(Code::kInvalidArgument,
                 fmt::format("the body is no array of at most {} elements", kCallsMax));
  }
  std::vector<Call> calls;
  for (const auto& element : *list) {
    auto call = parse_call(element, calls.size());
    if (!call) return error(std::move(call.error()));
    calls.push_back(std::move(*call));
  }
  return calls;
}

Task<Result<>> Caller::call_all(std::string json) {
  auto calls = co_await or_return(parse_calls(json));
  for (auto& each : calls) co_await or_return(call(std::move(each)));
  co_return Result<>{};
}

Task<Result<>> Caller::call(Call call) {
  if (call.url.starts_with(kGrpc)) {
    greeter::SayRequest request;
    request.set_msg(std::move(call.arguments));
    const auto client = greeter(call.url.substr(kGrpc.size()));
    co_await or_return(client.say_hello(std::move(request)));
  } else {
    co_await or_return(client_.post(std::move(call.url), std::move(call.arguments),
                                    {{"content-type", "application/json"}}));
  }
  co_return Result<>{};
}

greeter::GreeterClient Caller::greeter(const std::string& name) {
  const std::lock_guard lock{mutex_};
  auto known = greeters_.find(name);
  if (known == greeters_.end()) {
    known = greeters_.emplace(name, greeter::GreeterClient{app_.channel(name)}).first;
  }
  return known->second;
}

}  // namespace harness
