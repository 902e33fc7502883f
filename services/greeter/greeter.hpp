// The greeter: one RPC, as in the system this project comes from.
#pragma once

#include <greeter.hal.hpp>

namespace greeter {

/// Answers "world", whatever the message is, and logs the message.
class Greeter final : public GreeterService {
 public:
  hal::Task<hal::Result<SayResp>> say_hello(SayRequest request) override;
};

}  // namespace greeter
