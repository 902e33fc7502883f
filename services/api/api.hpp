// The api: the HTTP edge of the system.
#pragma once

#include <hal/config/config.hpp>
#include <hal/http/router.hpp>

#include <auth.hal.hpp>
#include <greeter.hal.hpp>

namespace api {

struct ApiOptions {
  std::string greeter_service_name = "hal9000-greeter";
  std::string auth_service_name{};
  std::string auth_issuer = "hal9000-auth";
  std::string auth_audience = "hal9000";
  unsigned trusted_proxies = 0;

  static void describe(hal::config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(ApiOptions, (),
                      (greeter_service_name, auth_service_name, auth_issuer, auth_audience,
                       trusted_proxies))

/// The services behind the edge, and how far it trusts what is in front. Shared by all workers.
struct Api {
  greeter::GreeterClient greeter;
  auth::AuthClient auth;
  unsigned trusted_proxies = 0;  ///< see hal::service::client_address()
};

/// GET /api/v1/ping and GET /api/v1/hello/:id. `api` must outlive the router.
[[nodiscard]] hal::http::Router routes(Api& api);

}  // namespace api
