#include <hal/app/app.hpp>

#include <sodium.h>

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "commands.hpp"
#include "serve.hpp"

int main(int argc, char** argv) {
  if (sodium_init() < 0) {
    fmt::print(stderr, "hal9000-auth: libsodium cannot be used here\n");
    return 1;
  }
  const auto arguments = hal::config::Arguments::parse(argc, argv);
  if (arguments && arguments->find("help") != nullptr) {
    fmt::print("usage: hal9000-auth COMMAND [--option=value ...]\n{}\n", auth::commands_help());
  } else if (arguments) {
    const hal::config::Source source{.environment = hal::config::Environment::from_process(),
                                     .arguments = *arguments};
    if (const auto code = auth::run_command("hal9000-auth", source)) return *code;
  }
  return hal::run(argc, argv, auth::serve);
}
