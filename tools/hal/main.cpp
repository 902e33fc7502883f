// The hal command.
#include <hal/app/app.hpp>
#include <hal/app/node.hpp>
#include <hal/app/version.hpp>
#include <hal/cli/call.hpp>
#include <hal/cli/services.hpp>
#include <hal/cli/trace_doctor.hpp>
#include <hal/cli/trace_show.hpp>
#include <hal/cli/up.hpp>
#include <hal/collector/serve.hpp>

#include <csignal>
#include <cstdio>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace {

constexpr std::string_view kUsage =
    "usage: hal <command>\n"
    "\n"
    "  up [--once]            start collector, greeter and api here, send a request, show its "
    "trace\n"
    "  trace show <id|last>   one trace as a tree\n"
    "  trace doctor [id]      which service broke the traces of a mesh, and the cure; --help\n"
    "  services [--json]      what the registry knows: names, versions, nodes, endpoints, ages\n"
    "  call <package.Service/Method> [json] [--service=name] [--timeout=15s] [--json]\n"
    "                         one RPC through the registry, by reflection of the server\n"
    "  collector              receive traces (OTLP/HTTP 4318, OTLP/gRPC 4317, Zipkin 9411), answer "
    "queries (16686)\n"
    "  version\n";

int usage_error(std::string_view what) {
  fmt::print(stderr, "hal: {}\n\n{}", what, kUsage);
  return 2;
}

int run_command(std::string_view command, int argc, char** argv) {
  if (command == "help" || command == "--help" || command == "-h") {
    fmt::print("{}", kUsage);
    return 0;
  }
  if (command == "version" || command == "--version") {
    fmt::print("hal9000 {}\n", hal::app::kVersion);
    return 0;
  }
  if (command == "collector") {
    // The admin port of a tool stays out of the services' way.
    return hal::run(argc, argv, hal::collector::serve,
                    {.service_name = std::string{hal::app::kCollectorService},
                     .admin_port = hal::config::Port{0}});
  }
  const auto arguments = hal::config::Arguments::parse(argc, argv);
  if (!arguments) return usage_error(arguments.error().message());
  const auto environment = hal::config::Environment::from_process();
  const auto& words = arguments->positional();
  if (command == "services") return hal::cli::services(environment, *arguments);
  if (command == "call") return hal::cli::call(environment, *arguments);
  if (command == "up" && words.size() == 1) return hal::cli::up(environment, *arguments);
  if (command == "trace" && words.size() == 1 && arguments->find("help") != nullptr) {
    fmt::print("{}", kUsage);
    return 0;
  }
  if (command == "trace" && words.size() >= 2 && words[1] == "show") {
    return hal::cli::trace_show(environment, *arguments);
  }
  if (command == "trace" && words.size() >= 2 && words[1] == "doctor") {
    return hal::cli::trace_doctor(environment, *arguments);
  }
  return usage_error(fmt::format("unknown command '{}'", fmt::join(words, " ")));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return usage_error("a command is missing");
  std::signal(SIGPIPE, SIG_IGN);
  return run_command(argv[1], argc, argv);
}
