// hal9000-trace-harness [--host=127.0.0.1] [--port=5000] [--grpc-port=0] [flags of any service]
#include <hal/async/scope.hpp>
#include <hal/config/config.hpp>
#include <hal/http/server.hpp>
#include <hal/rpc/server.hpp>
#include <hal/service/host_at.hpp>
#include <hal/telemetry/log.hpp>

#include "caller.hpp"

#include <cstdlib>

namespace harness {
namespace {

using hal::Result;
using hal::Task;
namespace http = hal::http;
namespace rpc = hal::rpc;
namespace service = hal::service;

struct Options {
  std::string host = "127.0.0.1";
  hal::config::Port port{5000};
  hal::config::Port grpc_port{0};

  static void describe(hal::config::Fields& fields) {
    fields.prefix("HARNESS_");
    fields["host"].help("address to listen on");
    fields["port"].help("POST /test; 0: any free one");
    fields["grpc_port"].help("greeter.Greeter/SayHello; 0: any free one");
  }
};
BOOST_DESCRIBE_STRUCT(Options, (), (host, port, grpc_port))

Task<Result<http::Response>> test(http::State<Caller> caller, const http::Request& request) {
  co_await or_return(caller->call_all(request.body));
  http::Response response;
  response.status = 200;
  response.headers.add("content-type", "application/json");
  response.body = "[]";
  co_return response;
}

/// The same by gRPC: the message's text is the list.
class Relay final : public greeter::GreeterService {
 public:
  explicit Relay(Caller& caller) : caller_{caller} {}
  Task<Result<greeter::SayResp>> say_hello(greeter::SayRequest request) override {
    co_await or_return(caller_.call_all(request.msg()));
    greeter::SayResp reply;
    reply.set_rsp("[]");
    co_return reply;
  }

 private:
  Caller& caller_;
};

http::Router routes(Caller& caller) {
  return http::Router{caller}
      .layer(hal::layers::Trace{
          .skip = {http::path_prefix("/untraced/"), http::method_and_path_prefix("PUT", "/test")}})
      .post("/test", test)
      .put("/test", test)
      .post("/untraced/test", test);
}

Task<Result<>> run_http(service::HostAt* host, Caller* caller) {
  co_return co_await http::Server{*host, routes(*caller)}.run();
}
Task<Result<>> run_grpc(service::HostAt* host, Caller* caller) {
  Relay relay{*caller};
  co_return co_await rpc::Server{*host}.add(relay).run();
}

Task<Result<>> serve_both(hal::Scope& scope, hal::App* app, service::HostAt* by_http,
                          service::HostAt* by_grpc, Caller* caller) {
  scope.spawn(run_http, by_http, caller);
  scope.spawn(run_grpc, by_grpc, caller);
  const auto grpc = co_await or_return(by_grpc->listening());
  hal::log::info("greeter.Greeter/SayHello is on {}", hal::net::to_string(grpc.endpoint));
  co_return co_await app->on_listening(co_await or_return(by_http->listening()));
}

Task<Result<>> serve(hal::App& app) {
  const auto options = app.config<Options>();
  const auto at = [&](hal::config::Port port) {
    return hal::net::Endpoint{.host = options.host, .port = port.number()};
  };
  service::HostAt by_http{app, at(options.port), app.server_layers()};
  service::HostAt by_grpc{app, at(options.grpc_port), app.server_layers()};
  Caller caller{app};
  co_return co_await with_scope(serve_both, &app, &by_http, &by_grpc, &caller);
}

}  // namespace
}  // namespace harness

int main(int argc, char** argv) {
  // Spans of its own are what it is for, and nobody is to find it.
  ::setenv("HAL_TRACE_MODE", "full", 0);
  ::setenv("HAL_REGISTRY", "static", 0);
  return hal::run(argc, argv, harness::serve,
                  {.service_name = "hal9000-trace-harness", .admin_port = hal::config::Port{0}});
}
