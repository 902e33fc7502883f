// The api: the HTTP edge of the system.
#pragma once

#include <hal/config/config.hpp>
#include <hal/http/router.hpp>

#include <greeter.hal.hpp>

namespace api {

struct ApiOptions {
  std::string greeter_service_name = "hal9000-greeter";
};
BOOST_DESCRIBE_STRUCT(ApiOptions, (), (greeter_service_name))

/// The services behind the edge. Shared by all workers.
struct Api {
  greeter::GreeterClient greeter;
};

/// GET /api/v1/ping and GET /api/v1/hello/:id. `api` must outlive the router.
[[nodiscard]] hal::http::Router routes(Api& api);

}  // namespace api
