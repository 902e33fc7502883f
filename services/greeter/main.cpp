#include <hal/app/app.hpp>
#include <hal/rpc/server.hpp>

#include "greeter.hpp"

namespace {

hal::Task<hal::Result<>> serve_greeter(hal::App& app) {
  greeter::Greeter greeter;
  co_return co_await hal::rpc::Server{app}.add(greeter).run();
}

}  // namespace

int main(int argc, char** argv) { return hal::run(argc, argv, serve_greeter); }
