#include <hal/http/testing/run_request.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/http/dispatcher.hpp>

namespace hal::http::testing {
namespace {

Task<Result<>> dispatch(const Dispatcher* dispatcher, transport::HttpRequest* request,
                        Response* response) {
  const net::Endpoint peer{"192.0.2.1", 1234};
  co_await dispatcher->run(*request, *response, peer);
  co_return Result<>{};
}

}  // namespace

Response run_request(Router router, ClientRequest request, service::Layers outer) {
  const Dispatcher dispatcher{std::move(router), std::move(outer)};
  transport::HttpRequest message{.method = std::move(request.method),
                                 .target = std::move(request.url),
                                 .headers = std::move(request.headers),
                                 .body = std::move(request.body)};
  Response response;
  const auto done = hal::testing::run(dispatch, &dispatcher, &message, &response);
  expects(done.has_value(), "a dispatcher turns every failure into a response");
  return response;
}

Response get(Router router, std::string url, Headers headers) {
  return run_request(std::move(router), {.url = std::move(url), .headers = std::move(headers)});
}

Response post_json(Router router, std::string url, std::string body) {
  return run_request(std::move(router), {.method = "POST",
                                         .url = std::move(url),
                                         .headers = {{"content-type", "application/json"}},
                                         .body = std::move(body)});
}

}  // namespace hal::http::testing
