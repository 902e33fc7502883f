// The HTTP edge alone: one route, answered by its handler, with everything a server has by default.
#include <hal/app/app.hpp>
#include <hal/http/server.hpp>

#include <string>

namespace {

namespace http = hal::http;

struct Greeting {
  std::string status = "OK";
  std::string message{};
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (status, message))

http::Json<Greeting> hello(http::Path<"id"> /*id*/) {
  return http::Json{Greeting{.message = "world"}};
}

hal::Task<hal::Result<>> serve_edge(hal::App& app) {
  auto routes = http::Router{}.get("/api/v1/hello/:id", hello);
  co_return co_await http::Server{app, std::move(routes)}.run();
}

}  // namespace

int main(int argc, char** argv) { return hal::run(argc, argv, serve_edge); }
