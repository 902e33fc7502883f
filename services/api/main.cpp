#include <hal/app/app.hpp>
#include <hal/async/scope.hpp>
#include <hal/http/server.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/telemetry/log.hpp>

#include "api.hpp"
#include "auth_source.hpp"
#include "login.hpp"

namespace {

using hal::Result;
using hal::Task;

/// The process is ready once the verifier knows who may come in.
Task<Result<>> start_verifier(hal::identity::Verifier* verifier,
                              std::shared_ptr<std::atomic<bool>> started) {
  co_await or_return(verifier->start());
  started->store(true);
  co_return Result<>{};
}

Task<Result<>> run(hal::Scope& scope, hal::App* app, hal::http::Router* router,
                   hal::identity::Verifier* verifier) {
  const auto started = std::make_shared<std::atomic<bool>>(false);
  app->ready_when([started] { return started->load(); });
  scope.spawn(start_verifier, verifier, started);
  co_return co_await hal::http::Server{*app, std::move(*router)}.run();
}

Task<Result<>> serve_api(hal::App& app) {
  const auto options = app.config<api::ApiOptions>();
  api::Api api{.greeter = greeter::GreeterClient{app.channel(options.greeter_service_name)},
               .auth = auth::AuthClient{app.channel(options.auth_service_name)},
               .trusted_proxies = options.trusted_proxies};
  if (options.auth_service_name.empty()) {
    hal::log::info("nobody can log in: AUTH_SERVICE_NAME is not set");
    co_return co_await hal::http::Server{app, api::without_login(api::routes(api))}.run();
  }
  // Nobody's request: no trace begins with them. All revocations may come at once, and to have only
  // some would let in whom they name.
  const hal::rpc::ChannelOptions errands{
      .message_bytes_max = std::size_t{64} << 20,
      .layers = hal::service::Layers{std::make_shared<hal::layers::UntracedCall>()}};
  auth::AuthClient client{app.channel(options.auth_service_name, errands)};
  hal::identity::Verifier verifier{
      app,
      std::make_unique<api::RpcAuthSource>(std::move(client)),
      {.rules = {.issuer = options.auth_issuer,
                 .audience = options.auth_audience,
                 .lifetime_max = std::chrono::minutes{10}}}};  // as auth issues them
  auto router = api::with_login(api::routes(api), api, verifier);
  co_return co_await hal::with_scope(run, &app, &router, &verifier);
}

}  // namespace

int main(int argc, char** argv) { return hal::run(argc, argv, serve_api); }
