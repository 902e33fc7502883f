// Sends one request through a router, without a socket: for tests of routes and handlers.
#pragma once

#include <hal/http/message.hpp>
#include <hal/http/router.hpp>
#include <hal/service/testing/test_host.hpp>

namespace hal::http::testing {

/// The response of `router` under `outer`, the host's layers. A handler that waits for a time gets
/// it at once: the loop is a ManualLoop. What is written to a stream is the response's body;
/// "(abandoned)" behind it says that it was not finished.
[[nodiscard]] Response run_request(Router router, ClientRequest request,
                                   service::Layers outer = {});

/// The same on the loop of `host`, for handlers that call services through it. Within what the
/// request takes, so do those that the host serves.
[[nodiscard]] Response run_request(service::testing::TestHost& host, Router router,
                                   ClientRequest request);

/// run_request of a GET; `url` begins with '/'.
[[nodiscard]] Response get(Router router, std::string url, Headers headers = {});
/// run_request of a POST of JSON.
[[nodiscard]] Response post_json(Router router, std::string url, std::string body);

}  // namespace hal::http::testing
