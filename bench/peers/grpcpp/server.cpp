// The greeter on grpc++ with its callback API and its defaults: usage: bench-grpcpp PORT
#include <csignal>
#include <string>

#include <fmt/format.h>
#include <greeter.grpc.pb.h>
#include <grpcpp/grpcpp.h>

namespace {

class Greeter final : public greeter::Greeter::CallbackService {
  grpc::ServerUnaryReactor* SayHello(grpc::CallbackServerContext* context,
                                     const greeter::SayRequest* /*request*/,
                                     greeter::SayResp* reply) override {
    reply->set_rsp("world");
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench-grpcpp PORT\n");
    return 2;
  }
  Greeter greeter;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::string{argv[1]}, grpc::InsecureServerCredentials());
  builder.RegisterService(&greeter);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();  // SIGTERM ends the process
}
