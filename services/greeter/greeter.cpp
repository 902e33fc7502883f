#include "greeter.hpp"

#include <hal/telemetry/log.hpp>

namespace greeter {

hal::Task<hal::Result<SayResp>> Greeter::say_hello(SayRequest request) {
  hal::log::info("hello {}", request.msg());
  SayResp reply;
  reply.set_rsp("world");
  co_return reply;
}

}  // namespace greeter
