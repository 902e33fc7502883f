// hal9000-interop-client --test_case=large_unary --port=10000 [--host=127.0.0.1] [--use_tls=false]
// [flags of any service]. Exit code 0: the case has passed.
#include <hal/app/app.hpp>
#include <hal/config/config.hpp>

#include "cases.hpp"
#include "flags.hpp"

#include <fmt/format.h>

namespace {

struct ClientOptions {
  std::string test_case = "empty_unary";
};
BOOST_DESCRIBE_STRUCT(ClientOptions, (), (test_case))

hal::Task<hal::Result<>> run(hal::App& app) {
  const auto options = app.config<ClientOptions>();
  const auto channel = app.channel("interop-server");
  const auto outcome = co_await interop::run_case(&channel, options.test_case);
  if (!outcome) co_return hal::error(outcome.error().with_prefix(options.test_case));
  fmt::print("{}: passed\n", options.test_case);
  co_return hal::Result<>{};
}

}  // namespace

int main(int argc, char** argv) {
  auto flags = interop::parse_flags(argc, argv);
  const auto test_case = interop::take(flags, {"test_case"}).value_or("empty_unary");
  const auto host = interop::take(flags, {"host", "server_host"}).value_or("127.0.0.1");
  const auto port = interop::take(flags, {"port", "server_port"}).value_or("10000");
  interop::Arguments arguments{argv[0],
                               {"--test-case=" + test_case, "--registry=static",
                                "--static-addresses=interop-server=" + host + ":" + port},
                               flags};
  return hal::run(arguments.count(), arguments.values(), run,
                  {.service_name = "hal9000-interop-client", .admin_port = hal::config::Port{0}});
}
