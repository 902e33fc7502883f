// hal9000-interop-server --port=10000 [--host=127.0.0.1] [--use_tls=false] [flags of any service]
#include <hal/app/app.hpp>
#include <hal/rpc/server.hpp>

#include "flags.hpp"
#include "test_service.hpp"

namespace {

hal::Task<hal::Result<>> serve(hal::App& app) {
  interop::TestService service;
  co_return co_await hal::rpc::Server{app}.add(service).run();
}

}  // namespace

int main(int argc, char** argv) {
  auto flags = interop::parse_flags(argc, argv);
  const auto host = interop::take(flags, {"host"}).value_or("127.0.0.1");
  const auto port = interop::take(flags, {"port"}).value_or("10000");
  interop::Arguments arguments{
      argv[0], {"--service-host=" + host, "--service-port=" + port, "--registry=static"}, flags};
  return hal::run(arguments.count(), arguments.values(), serve,
                  {.service_name = "hal9000-interop-server", .admin_port = hal::config::Port{0}});
}
