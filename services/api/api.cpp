#include "api.hpp"

#include <hal/http/extract.hpp>

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

http::Router routes(Api& api) {
  return http::Router{api}.get("/api/v1/ping", ping).get("/api/v1/hello/:id", hello);
}

}  // namespace api
