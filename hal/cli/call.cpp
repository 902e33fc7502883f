#include <hal/cli/call.hpp>

#include <hal/async/deadline.hpp>
#include <hal/cli/services.hpp>
#include <hal/cli/session.hpp>
#include <hal/cli/terminal_text.hpp>
#include <hal/config/config.hpp>
#include <hal/rpc/dynamic_call.hpp>

#include <fmt/ranges.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <set>

namespace hal::cli {
namespace {

namespace json = boost::json;

struct CallOptions {
  std::string service{};
  std::chrono::milliseconds timeout{15'000};
  bool json = false;

  static void describe(config::Fields& fields) {
    fields["timeout"].range(std::chrono::milliseconds{1}, std::chrono::hours{1});
  }
};
BOOST_DESCRIBE_STRUCT(CallOptions, (), (service, timeout, json))

/// What is called, and what came of it.
struct Outcome {
  std::string service;
  std::string path;
  Result<std::string> reply;
};

Task<Result<std::string>> call_in(Session* session, CallOptions options, std::string request,
                                  Outcome* outcome) {
  outcome->service = options.service;
  if (outcome->service.empty()) {
    const auto nodes = co_await or_return(session->discovery().list());
    outcome->service = co_await or_return(service_with(
        nodes, std::string_view{outcome->path}.substr(1), session->discovery().name()));
  }
  rpc::DynamicCall rpc_call{rpc::Channel{*session, outcome->service}, outcome->path};
  co_await or_return(rpc_call.prepare());
  co_return co_await rpc_call.send(std::move(request));
}

Task<Result<std::string>> call_in_time(Session* session, CallOptions options, std::string request,
                                       Outcome* outcome) {
  const Duration patience = options.timeout;
  co_return co_await timeout(patience,
                             call_in(session, std::move(options), std::move(request), outcome));
}

int show(const Outcome& outcome, bool as_json) {
  if (as_json) {
    fmt::print("{}", call_json(outcome.service, outcome.reply));
  } else if (outcome.reply) {
    fmt::print("{}\n", *outcome.reply);
  } else {
    fmt::print(stderr, "{}", call_failure(outcome.reply.error()));
  }
  return outcome.reply ? 0 : 1;
}

/// Messages nest up to 100 deep in protobuf, and each may be in a list.
constexpr std::size_t kDepthMax = 256;

json::value reply_value(const std::string& reply) {
  boost::system::error_code failed;
  auto value = json::parse(reply, failed, {}, {.max_depth = kDepthMax});
  return failed ? json::value(reply) : value;
}

}  // namespace

Result<std::string> service_with(std::span<const service::Node> nodes, std::string_view method,
                                 std::string_view registry) {
  const auto slash = method.find('/');
  const auto full_name = method.substr(0, slash);
  const auto endpoint = fmt::format("{}.{}", full_name.substr(full_name.rfind('.') + 1),
                                    method.substr(std::min(method.size(), slash + 1)));
  std::set<std::string_view> found;
  for (const auto& node : nodes) {
    if (std::ranges::find(node.endpoints, endpoint) != node.endpoints.end()) {
      found.insert(node.service);
    }
  }
  if (found.size() == 1) return std::string{*found.begin()};
  if (found.empty() && !can_list(registry)) {
    return error(Code::kFailedPrecondition,
                 fmt::format("the {} registry cannot say which service has {}: name it with "
                             "--service",
                             registry, endpoint));
  }
  if (found.empty()) {
    return error(Code::kNotFound,
                 fmt::format("no service of the registry has {}: see `hal services`, or name one "
                             "with --service",
                             endpoint));
  }
  return error(Code::kFailedPrecondition, fmt::format("{} have {}: name one with --service",
                                                      fmt::join(found, ", "), endpoint));
}

std::string call_json(std::string_view service, const Result<std::string>& reply) {
  const Status status = reply ? Status{} : reply.error();
  const json::object shown{
      {"service", service},
      {"status", {{"code", name(status.code())}, {"message", status.message()}}},
      {"reply", reply ? reply_value(*reply) : json::value{}}};
  return json::serialize(shown) + "\n";
}

std::string call_failure(const Status& status) {
  return fmt::format("hal call: {}\n", printable(status.to_string()));
}

int call(const config::Environment& environment, const config::Arguments& arguments) {
  std::vector<config::Setting> settings;
  auto options = config::read<CallOptions>({{}, arguments}, &settings);
  Result<> usable = arguments.check_known(config::flags_of(settings));
  if (usable && !options) usable = error(options.error());
  const auto& words = arguments.positional();
  const auto slash = words.size() < 2 ? std::string::npos : words[1].find('/');
  const bool is_method = slash != std::string::npos && slash > 0 && slash + 1 < words[1].size() &&
                         words[1].find('/', slash + 1) == std::string::npos;
  if (usable && (words.size() > 3 || !is_method)) {
    usable = error(Code::kInvalidArgument,
                   "usage: hal call package.Service/Method ['{\"field\":1}'] [--service=name] "
                   "[--timeout=15s] [--json]");
  }
  if (!usable) {
    fmt::print(stderr, "hal call: {}\n", usable.error().message());
    return 2;
  }
  auto session = Session::make(environment);
  if (!session) {
    fmt::print(stderr, "hal call: {}\n", session.error().message());
    return 1;
  }
  Outcome outcome{.service{}, .path = "/" + words[1], .reply{}};
  outcome.reply = (*session)->run(call_in_time, *options,
                                  words.size() == 3 ? words[2] : std::string{"{}"}, &outcome);
  const int code = show(outcome, options->json);
  const bool wrong = !outcome.reply && outcome.reply.error().code() == Code::kInvalidArgument;
  return wrong ? 2 : code;
}

}  // namespace hal::cli
