#include <hal/app/app.hpp>
#include <hal/http/server.hpp>

#include "api.hpp"

namespace {

hal::Task<hal::Result<>> serve_api(hal::App& app) {
  const auto options = app.config<api::ApiOptions>();
  api::Api api{.greeter = greeter::GreeterClient{app.channel(options.greeter_service_name)}};
  co_return co_await hal::http::Server{app, api::routes(api)}.run();
}

}  // namespace

int main(int argc, char** argv) { return hal::run(argc, argv, serve_api); }
