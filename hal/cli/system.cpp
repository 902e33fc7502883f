#include <hal/cli/system.hpp>

#include <hal/app/node.hpp>
#include <hal/async/deadline.hpp>
#include <hal/base/uuid.hpp>
#include <hal/http/client.hpp>
#include <hal/net/port_holder.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace hal::cli {
namespace {

constexpr std::chrono::milliseconds kPoll{20};
constexpr int kPortsTried = 100;
constexpr std::size_t kLogLinesShown = 10;
constexpr const char* kAuth = "hal9000-auth";

std::string address_of(const std::map<std::string, service::Node, std::less<>>& nodes,
                       std::string_view service) {
  const auto node = nodes.find(service);
  return node == nodes.end() ? std::string{} : node->second.address;
}

Task<Result<std::string>> end_of(Child* child) {
  for (;;) {
    if (auto outcome = child->ended()) co_return *std::move(outcome);
    co_await or_return(co_await sleep(kPoll));
  }
}

Task<Result<>> until_it_is_200(http::Client* client, std::string url) {
  for (;;) {
    const auto response = co_await client->get(url);
    if (response && response->status == 200) co_return Result<>{};
    co_await or_return(co_await sleep(kPoll));
  }
}

}  // namespace

System::System(const config::Environment& environment, SystemOptions options)
    : environment_{environment}, options_{std::move(options)} {}

std::string System::api_url() const { return "http://" + address_of(nodes_, "hal9000-api"); }
std::string System::greeter_address() const { return address_of(nodes_, "hal9000-greeter"); }
std::string System::query_url() const { return collector_metadata(app::kQueryMetadata); }
std::string System::otlp_url() const { return collector_metadata(app::kOtlpMetadata); }
std::string System::otlp_grpc_address() const { return collector_metadata(app::kOtlpGrpcMetadata); }
std::string System::zipkin_url() const { return collector_metadata(app::kZipkinMetadata); }
std::string System::collector_metadata(const char* key) const {
  const auto node = nodes_.find(app::kCollectorService);
  if (node == nodes_.end()) return {};
  const auto value = node->second.metadata.find(key);
  return value == node->second.metadata.end() ? std::string{} : value->second;
}
std::string System::auth_folder() const { return options_.local_folder + "/auth"; }
std::string System::log_path(std::string_view service) const {
  return fmt::format("{}/{}.log", options_.local_folder, service);
}

Task<Result<>> System::start(Session* session) {
  co_await or_return(start_collector(session));
  Variables traced{{"OTEL_BSP_SCHEDULE_DELAY", "200"}};
  // The most specific variable: whatever the environment names, this system shows its own traces.
  traced.emplace("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", otlp_url() + "/v1/traces");
  traced.emplace("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
  Variables greeter = traced;
  greeter.emplace("SERVICE_PORT", "0");
  co_await or_return(start_one(session, "hal9000-greeter",
                               options_.programs_folder + "/hal9000-greeter", {}, greeter));
  co_await or_return(start_auth(session, greeter));
  const auto api = co_await or_return(choose_port("api", options_.api_port));
  traced.emplace("SERVICE_PORT", std::to_string(api));
  traced.emplace("AUTH_SERVICE_NAME", kAuth);
  co_await or_return(
      start_one(session, "hal9000-api", options_.programs_folder + "/hal9000-api", {}, traced));
  co_return co_await wait_until_ready(session, "hal9000-api");
}

Task<Result<>> System::start_auth(Session* session, Variables variables) {
  const std::string folder = auth_folder();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);  // of a run that was killed
  if (::mkdir(folder.c_str(), 0700) != 0) {
    co_return error(Code::kUnavailable, fmt::format("cannot make {}: {}", folder,
                                                    std::generic_category().message(errno)));
  }
  variables.emplace("HAL_AUTH_DB", folder + "/auth.db");
  co_await or_return(add_demo_user(variables));
  co_return co_await start_one(session, kAuth, options_.programs_folder + "/" + kAuth, {},
                               std::move(variables));
}

Task<Result<>> System::add_demo_user(const Variables& variables) {
  demo_password_ = make_uuid();
  const std::string name = std::string{kAuth} + "-adduser";
  Command command = command_for(name, options_.programs_folder + "/" + kAuth,
                                {"adduser", std::string{kDemoUser}, "--role=admin"}, variables);
  command.input = demo_password_ + "\n";
  Child child = co_await or_return(Child::start(command));
  const auto outcome = co_await timeout(options_.start_timeout, end_of(&child));
  if (!outcome && outcome.error().code() == Code::kDeadlineExceeded)
    co_return error(too_late(name));
  if (!outcome) co_return error(outcome.error());
  if (*outcome == "exit code 0") co_return Result<>{};
  co_return error(Code::kUnavailable, fmt::format("{}: {}\n{}", name, *outcome, log_end(name)));
}

/// Who is in the registry may still lack what it needs for some of its routes.
Task<Result<>> System::wait_until_ready(Session* session, std::string service) {
  http::Client client{session->network(), session->workers().size(), session->untraced()};
  const std::string url =
      fmt::format("http://{}/readyz", nodes_.at(service).metadata.at(app::kAdminMetadata));
  auto ready = co_await timeout(options_.start_timeout, until_it_is_200(&client, url));
  if (!ready && ready.error().code() == Code::kDeadlineExceeded) co_return error(too_late(service));
  co_return ready;
}

Task<Result<>> System::start_collector(Session* session) {
  const auto otlp = co_await or_return(choose_port("OTLP", options_.otlp_port));
  const auto otlp_grpc = co_await or_return(choose_port("OTLP/gRPC", options_.otlp_grpc_port));
  const auto zipkin = co_await or_return(choose_port("Zipkin", options_.zipkin_port));
  const auto query = co_await or_return(choose_port("query", options_.query_port));
  co_return co_await start_one(session, std::string{app::kCollectorService},
                               options_.programs_folder + "/hal", {"collector"},
                               {{"HAL_COLLECTOR_OTLP_PORT", std::to_string(otlp)},
                                {"HAL_COLLECTOR_OTLP_GRPC_PORT", std::to_string(otlp_grpc)},
                                {"HAL_COLLECTOR_ZIPKIN_PORT", std::to_string(zipkin)},
                                {"HAL_COLLECTOR_QUERY_PORT", std::to_string(query)}});
}

Result<std::uint16_t> System::choose_port(std::string_view what, std::uint16_t wanted) {
  if (wanted == 0) return wanted;
  for (int i = 0; i < kPortsTried && wanted + i <= 65535; ++i) {
    const auto port = static_cast<std::uint16_t>(wanted + i);
    // Nobody holds it yet, and listeners of one process would share it.
    if (chosen_ports_.contains(port)) {
      if (i == 0) notes_.push_back(fmt::format("{}: port {} is another one's here", what, port));
      continue;
    }
    const auto probed = net::probe_port({.host = "127.0.0.1", .port = port});
    if (probed) {
      chosen_ports_.insert(port);
      if (i > 0) notes_.push_back(fmt::format("{}: {} is used instead", what, port));
      return port;
    }
    if (i == 0) notes_.push_back(fmt::format("{}: {}", what, probed.error().message()));
  }
  return error(Code::kUnavailable, fmt::format("{}: no free port from {} on", what, wanted));
}

Command System::command_for(std::string service, std::string program,
                            std::vector<std::string> arguments, Variables variables) const {
  Command command{.name = service,
                  .program = std::move(program),
                  .arguments = std::move(arguments),
                  .environment = environment_.variables(),
                  .log_path = log_path(service)};
  variables.insert({{"SERVICE_HOST", "127.0.0.1"},
                    {"SERVICE_NAME", service},
                    {"OTEL_SERVICE_NAME", service},  // from outside it would name all of them
                    {"HAL_ADMIN_PORT", "0"},
                    {"HAL_REGISTRY", "local"},
                    {"HAL_LOCAL_DIR", options_.local_folder}});
  // Whatever the environment says for other programs, these find each other and speak plain.
  for (const char* name : {"TRACE_URL", "HAL_TLS_CERTIFICATE", "HAL_TLS_KEY", "HAL_TLS_CLIENT_CA",
                           "HAL_STATIC_ADDRESSES", "SERVICE_ADVERTISE", "MICRO_SERVER_ADVERTISE",
                           "SERVICE_METADATA", "MICRO_SERVER_METADATA", "HAL_AUTH_DB",
                           "HAL_AUTH_KEY_FILE", "HAL_AUTH_ISSUER", "HAL_AUTH_AUDIENCE"}) {
    command.environment.erase(name);
  }
  for (auto& [name, value] : variables) command.environment.insert_or_assign(name, value);
  return command;
}

Task<Result<>> System::start_one(Session* session, std::string service, std::string program,
                                 std::vector<std::string> arguments, Variables variables) {
  const Command command =
      command_for(service, std::move(program), std::move(arguments), std::move(variables));
  children_.push_back(co_await or_return(Child::start(command)));
  auto node = co_await timeout(options_.start_timeout, wait_for(session, service));
  if (!node && node.error().code() == Code::kDeadlineExceeded) co_return error(too_late(service));
  if (!node) co_return error(std::move(node.error()));
  nodes_.insert_or_assign(service, std::move(*node));
  co_return Result<>{};
}

Task<Result<service::Node>> System::wait_for(Session* session, std::string service) {
  for (;;) {
    const auto nodes = co_await or_return(session->discovery().list());
    for (const auto& node : nodes) {
      const auto pid = node.metadata.find(app::kPidMetadata);
      if (node.service == service && pid != node.metadata.end() &&
          pid->second == std::to_string(children_.back().pid())) {
        co_return node;
      }
    }
    if (auto outcome = children_.back().ended()) {
      co_return error(Code::kUnavailable, fmt::format("{} ended while starting: {}\n{}", service,
                                                      *outcome, log_end(service)));
    }
    co_await or_return(co_await sleep(kPoll));
  }
}

Task<> System::stop(Duration patience) {
  const TimePoint end = saturating_add((co_await this_context()).loop->now(), patience);
  for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
    child->terminate();
    while (!child->ended() && (co_await this_context()).loop->now() < end) {
      if (!co_await sleep(kPoll)) break;
    }
  }
  children_.clear();  // kills what has not ended
  std::error_code ignored;
  std::filesystem::remove_all(auth_folder(), ignored);
}

std::optional<std::string> System::dead() {
  for (auto& child : children_) {
    if (auto outcome = child.ended()) return fmt::format("{} ended: {}", child.name(), *outcome);
  }
  return std::nullopt;
}

Status System::too_late(std::string_view what) const {
  return {Code::kUnavailable, fmt::format("{} is not ready after {} s\n{}", what,
                                          options_.start_timeout.count(), log_end(what))};
}

std::string System::log_end(std::string_view service) const {
  std::ifstream file{log_path(service)};
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back("  " + line);
    if (lines.size() > kLogLinesShown) lines.pop_front();
  }
  std::string text = fmt::format("its log, {}, ends with:\n", log_path(service));
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace hal::cli
