// Who logs in at the edge: tokens from the auth service, and what their holders may ask for.
#pragma once

#include <hal/http/router.hpp>
#include <hal/identity/verifier.hpp>

#include "api.hpp"

namespace api {

/// `router` with POST /api/v1/login and GET /.well-known/jwks.json; with a token GET /api/v1/me and
/// POST /api/v1/logout; for the role "admin" GET /api/v1/users. `api` and `verifier` must outlive
/// the router.
[[nodiscard]] hal::http::Router with_login(hal::http::Router router, Api& api,
                                           hal::identity::Verifier& verifier);

/// `router` with the same routes for an api without an auth service: 503.
[[nodiscard]] hal::http::Router without_login(hal::http::Router router);

}  // namespace api
