#include <hal/rpc/server.hpp>

#include "grpc_health.hpp"
#include "notes.hpp"

namespace {

hal::Task<hal::Result<>> serve(hal::App& app) {
  GrpcHealth health;
  app.add_metadata("grpcpp", health.address());
  notes::Notes notes{app};
  co_return co_await hal::rpc::Server{app}.add(notes).run();
}

}  // namespace

int main(int argc, char** argv) { return hal::run(argc, argv, serve); }
