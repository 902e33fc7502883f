#include "api.hpp"

#include <hal/http/extract.hpp>
#include <hal/service/layers/strip_identity/strip_identity.hpp>

namespace api {
namespace {

using hal::Result;
using hal::Task;
namespace http = hal::http;

struct Pong {
  std::string status = "OK";
};
BOOST_DESCRIBE_STRUCT(Pong, (), (status))

struct Greeting {
  std::string status = "OK";
  std::string message{};
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (status, message))

greeter::SayRequest request_for(std::string id) {
  greeter::SayRequest request;
  request.set_msg(std::move(id));
  return request;
}

http::Json<Pong> ping() { return http::Json{Pong{}}; }

Task<Result<http::Json<Greeting>>> hello(http::State<Api> api, http::Path<"id"> id) {
  auto reply = co_await or_return(api->greeter.say_hello(request_for(*id)));
  co_return http::Json{Greeting{.message = reply.rsp()}};
}

}  // namespace

void ApiOptions::describe(hal::config::Fields& fields) {
  fields["auth_service_name"].help("who verifies logins; without one login routes answer 503");
  fields["auth_issuer"].variable("HAL_AUTH_ISSUER").help("\"iss\" of tokens");
  fields["auth_audience"].variable("HAL_AUTH_AUDIENCE").help("\"aud\" of tokens");
  fields["trusted_proxies"]
      .variable("HAL_TRUSTED_PROXIES")
      .help("the client's address is so far from the right of X-Forwarded-For; 0: the peer");
}

http::Router routes(Api& api) {
  return http::Router{api}
      .layer(hal::layers::StripIdentity{})
      .get("/api/v1/ping", ping)
      .get("/api/v1/hello/:id", hello);
}

}  // namespace api
