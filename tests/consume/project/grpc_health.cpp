#include "grpc_health.hpp"

#include <grpc/health/v1/health.grpc.pb.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <stdexcept>

namespace {

namespace health = grpc::health::v1;

class Serving final : public health::Health::Service {
  grpc::Status Check(grpc::ServerContext*, const health::HealthCheckRequest*,
                     health::HealthCheckResponse* response) override {
    response->set_status(health::HealthCheckResponse::SERVING);
    return grpc::Status::OK;
  }
};

}  // namespace

struct GrpcHealth::Impl {
  Serving service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

GrpcHealth::GrpcHealth() : impl_{std::make_unique<Impl>()} {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &impl_->port);
  builder.RegisterService(&impl_->service);
  impl_->server = builder.BuildAndStart();
  if (!impl_->server) throw std::runtime_error{"grpc++ cannot listen on 127.0.0.1"};
}

GrpcHealth::~GrpcHealth() { impl_->server->Shutdown(); }

std::string GrpcHealth::address() const { return "127.0.0.1:" + std::to_string(impl_->port); }
