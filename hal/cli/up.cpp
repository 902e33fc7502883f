#include <hal/cli/up.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/when_any.hpp>

#include <hal/cli/collector_client.hpp>
#include <hal/cli/local_folder.hpp>
#include <hal/cli/system.hpp>
#include <hal/cli/terminal.hpp>
#include <hal/cli/trace_tree.hpp>
#include <hal/collector/trace_check.hpp>
#include <hal/config/config.hpp>
#include <hal/net/signals.hpp>
#include <hal/telemetry/id_generator.hpp>
#include <hal/telemetry/semconv.hpp>
#include <hal/wire/request_id.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>

namespace hal::cli {
namespace {

constexpr std::chrono::seconds kTraceTimeout{30};
constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::seconds kStopPatience{35};
constexpr std::string_view kHelloPath = "/api/v1/hello/ww";
constexpr std::string_view kLoginPath = "/api/v1/login";

struct UpOptions {
  bool once = false;
  config::Port port{8080};
  config::Port otlp_port{4318};
  config::Port otlp_grpc_port{4317};
  config::Port zipkin_port{9411};
  config::Port query_port{16686};

  static void describe(config::Fields& fields) {
    fields["once"]
        .variable("HAL_UP_ONCE")
        .help("two requests, then end; exit 0 if their traces are whole");
    fields["port"].variable("SERVICE_PORT").help("the api's port; if taken, the next free one");
    fields["otlp_port"].variable("HAL_COLLECTOR_OTLP_PORT").help("the collector's OTLP/HTTP port");
    fields["otlp_grpc_port"]
        .variable("HAL_COLLECTOR_OTLP_GRPC_PORT")
        .help("the collector's OTLP/gRPC port");
    fields["zipkin_port"].variable("HAL_COLLECTOR_ZIPKIN_PORT").help("the collector's Zipkin port");
    fields["query_port"].variable("HAL_COLLECTOR_QUERY_PORT").help("the collector's query port");
  }
};
BOOST_DESCRIBE_STRUCT(UpOptions, (),
                      (once, port, otlp_port, otlp_grpc_port, zipkin_port, query_port))

using collector::SpanKind;

/// A request to show, with the trace that it should make.
struct Try {
  http::ClientRequest request{};
  std::string command{};  ///< as one types it
  std::vector<collector::ExpectedSpan> spans{};

  std::string answer{};
  std::optional<collector::Trace> trace{};
  std::vector<std::string> problems{};
};

Try try_hello(const System& system) {
  const std::string url = system.api_url() + std::string{kHelloPath};
  return {.request = {.url = url},
          .command = "curl " + url,
          .spans = {{"hal9000-api", SpanKind::kServer},
                    {"hal9000-api", SpanKind::kClient},
                    {"hal9000-greeter", SpanKind::kServer}}};
}

Try try_login(const System& system) {
  const std::string url = system.api_url() + std::string{kLoginPath};
  const std::string body = fmt::format(R"({{"username":"{}","password":"{}"}})", System::kDemoUser,
                                       system.demo_password());
  return {.request = {.method = "POST",
                      .url = url,
                      .headers = {{"content-type", "application/json"}},
                      .body = body},
          .command = fmt::format("curl {} -H 'content-type: application/json' -d '{}'", url, body),
          .spans = {{"hal9000-api", SpanKind::kServer},
                    {"hal9000-api", SpanKind::kInternal},
                    {"hal9000-api", SpanKind::kInternal},
                    {"hal9000-api", SpanKind::kClient},
                    {"hal9000-auth", SpanKind::kServer}}};
}

bool carries(const collector::Trace& trace, std::string_view request_id) {
  return std::ranges::any_of(trace.spans, [&](const collector::Span& span) {
    const auto* value = collector::find_attribute(span.attributes,
                                                  telemetry::semconv::kHttpRequestHeaderXRequestId);
    return value != nullptr && collector::to_text(*value).contains(request_id);
  });
}

/// Asks the collector until the request's trace is whole.
Task<Result<>> watch_trace(http::Client* client, std::string collector, std::string request_id,
                           Try* attempt) {
  for (;;) {
    const auto traces = co_await or_return(get_recent(client, collector, 20));
    for (const auto& trace : traces) {
      if (!carries(trace, request_id)) continue;
      attempt->problems = collector::check(trace, {.spans = attempt->spans}).problems();
      attempt->trace = trace;
      if (attempt->problems.empty()) co_return Result<>{};
    }
    co_await or_return(co_await sleep(kPoll));
  }
}

Task<Result<>> make_try(Session* session, std::string collector, Try* attempt) {
  http::Client client{session->network(), session->workers().size(), session->untraced()};
  http::Client user{*session};  // its one request is to be traced
  telemetry::IdGenerator ids;
  const auto request_id = wire::make_request_id(ids.trace_id().bytes, true);
  http::ClientRequest request = attempt->request;
  request.headers.add("x-request-id", request_id);
  const auto response = co_await or_return(user.request(std::move(request)));
  attempt->answer = response.body;
  if (response.status != 200) {
    co_return error(Code::kUnavailable,
                    fmt::format("the api answered {}: {}", response.status, response.body));
  }
  attempt->problems = {fmt::format("no trace of request {} has arrived", request_id)};
  auto watched =
      co_await timeout(kTraceTimeout, watch_trace(&client, collector, request_id, attempt));
  if (!watched && watched.error().code() != Code::kDeadlineExceeded) {
    co_return error(std::move(watched.error()));
  }
  co_return Result<>{};
}

/// Variables with which spans stay away although nothing is broken.
void print_suspects(const config::Environment& environment) {
  for (const char* name : {"HAL_TRACE_MODE", "ENABLE_TRACE", "OTEL_SDK_DISABLED",
                           "OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER"}) {
    if (const auto value = environment.find(name)) {
      fmt::print("note: {}={} is set: it decides which spans there are\n", name, *value);
    }
  }
}

/// A token is longer than a line; how it begins is enough to see.
std::string shortened(std::string answer) {
  constexpr std::string_view kBegin = R"({"token":")";
  constexpr std::size_t kShown = 16;
  if (!answer.starts_with(kBegin)) return answer;
  const std::size_t end = answer.find('"', kBegin.size());
  if (end == std::string::npos || end < kBegin.size() + kShown) return answer;
  return answer.replace(kBegin.size() + kShown, end - kBegin.size() - kShown, "...");
}

void print_try(const Try& attempt) {
  fmt::print("\n$ {}\n{}\n", attempt.command, shortened(attempt.answer));
  if (attempt.trace) fmt::print("\n{}", render_trace(*attempt.trace, terminal_tree_options()));
  for (const auto& problem : attempt.problems) fmt::print("missing: {}\n", problem);
}

std::filesystem::path own_path() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

/// This program as one types it here.
std::string own_command() {
  std::error_code ignored;
  const auto path = own_path();
  const auto below = path.lexically_relative(std::filesystem::current_path(ignored));
  return below.empty() || *below.begin() == ".." ? path : below;
}

void print_urls(const System& system, const LocalFolder& folder) {
  const auto api = system.api_url();
  fmt::print(
      "\nTry:\n"
      "  curl {}/api/v1/hello/you\n"
      "  curl {}/api/v1/ping\n"
      "  {}{} trace show last\n"
      "  curl '{}/api/traces?limit=5'\n"
      "Log in as {} with the password {}\n"
      "gRPC: {} (greeter.Greeter/SayHello)   logs: {}/*.log\n"
      "Spans: OTLP/HTTP {}   OTLP/gRPC {}   Zipkin {}/api/v2/spans\n",
      api, api, folder.own() ? fmt::format("HAL_LOCAL_DIR={} ", folder.path()) : "", own_command(),
      system.query_url(), System::kDemoUser, system.demo_password(), system.greeter_address(),
      folder.path(), system.otlp_url(), system.otlp_grpc_address(), system.zipkin_url());
}

/// Ctrl-C or SIGTERM: its number.
Task<Result<int>> stop_signal(net::Signals* signals) {
  for (;;) {
    const int number = co_await or_return(co_await signals->next());
    if (number != SIGCHLD) co_return number;
  }
}

/// Until Ctrl-C, SIGTERM, or a program that ends by itself (an error).
Task<Result<>> serve_until_signal(net::Signals* signals, System* system) {
  // Who reads this may send a signal at once.
  fmt::print("\nServing; Ctrl-C stops.\n");
  std::fflush(stdout);
  for (;;) {
    // Before the first signal, too: a program may have ended while none was waited for.
    if (auto dead = system->dead()) co_return error(Code::kUnavailable, std::move(*dead));
    const int number = co_await or_return(co_await signals->next());
    if (number != SIGCHLD) co_return Result<>{};
  }
}

Task<Result<>> start_and_try(Session* session, System* system, int* exit_code) {
  co_await or_return(system->start(session));
  for (const auto& note : system->notes()) fmt::print("note: {}\n", note);
  for (Try attempt : {try_hello(*system), try_login(*system)}) {
    auto tried = co_await make_try(session, system->query_url(), &attempt);
    print_try(attempt);
    if (!tried || !attempt.problems.empty()) co_return tried;
  }
  *exit_code = 0;
  co_return Result<>{};
}

/// With the handlers of signals in place; behind it a second Ctrl-C ends all at once.
Task<Result<>> run_system(Session* session, System* system, const LocalFolder* folder, bool once,
                          int* exit_code) {
  net::Signals signals{session->loop(), {SIGINT, SIGTERM, SIGCHLD}};
  const auto first = co_await or_return(
      when_any(start_and_try(session, system, exit_code), stop_signal(&signals)));
  if (const int* const number = std::get_if<int>(&first)) {
    *exit_code = 128 + *number;
    co_return Result<>{};
  }
  if (once) co_return Result<>{};
  print_urls(*system, *folder);
  co_return co_await serve_until_signal(&signals, system);
}

Task<Result<>> run_and_stop(Session* session, System* system, const LocalFolder* folder, bool once,
                            int* exit_code) {
  auto result = co_await run_system(session, system, folder, once, exit_code);
  if (result && (!once || *exit_code > 128)) fmt::print("\nDraining...\n");
  std::fflush(stdout);
  co_await system->stop(kStopPatience);
  co_return result;
}

int fail(const Status& status, int exit_code) {
  fmt::print(stderr, "hal up: {}\n", status.message());
  return exit_code;
}

}  // namespace

int up(const config::Environment& environment, const config::Arguments& arguments) {
  std::vector<config::Setting> settings;
  const auto options = config::read<UpOptions>({environment, arguments}, &settings);
  if (!options) return fail(options.error(), 2);
  if (auto known = arguments.check_known(config::flags_of(settings)); !known) {
    return fail(known.error(), 2);
  }
  auto folder = LocalFolder::claim(environment);
  if (!folder) return fail(folder.error(), 1);
  if (folder->own()) {
    fmt::print("note: another `hal up` runs on this machine: this one keeps to itself, in {}\n",
               folder->path());
  }
  auto variables = environment.variables();
  variables.insert_or_assign("HAL_LOCAL_DIR", folder->path());
  variables.insert_or_assign("HAL_REGISTRY", "local");
  variables.erase("HAL_STATIC_ADDRESSES");
  auto session = Session::make(config::Environment{std::move(variables)});
  if (!session) return fail(session.error(), 1);
  System system{environment,
                {.programs_folder = own_path().parent_path(),
                 .local_folder = folder->path(),
                 .api_port = options->port.number(),
                 .otlp_port = options->otlp_port.number(),
                 .otlp_grpc_port = options->otlp_grpc_port.number(),
                 .zipkin_port = options->zipkin_port.number(),
                 .query_port = options->query_port.number()}};
  int exit_code = 1;
  const auto result = (*session)->run(run_and_stop, &system, &*folder, options->once, &exit_code);
  if (!result) return fail(result.error(), 1);
  if (exit_code == 1) print_suspects(environment);
  return exit_code;
}

}  // namespace hal::cli
