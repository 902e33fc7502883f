// DynamicCall: a unary call without generated code, by what the server says of itself.
#pragma once

#include <hal/rpc/channel.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace hal::rpc {

/// Not thread-safe.
class DynamicCall {
 public:
  /// `path` is "/greeter.Greeter/SayHello", and must outlive the object.
  DynamicCall(Channel channel, std::string_view path);
  ~DynamicCall();

  /// Asks the server's reflection (grpc.reflection.v1) for the method's messages; a server without
  /// it will be sent JSON. UNIMPLEMENTED: the method takes or gives a stream; NOT_FOUND: no such
  /// service or method, with those that there are; RESOURCE_EXHAUSTED: more than 256 files;
  /// INTERNAL: its answer makes no sense; else as of Channel::unary.
  Task<Result<>> prepare();

  /// Precondition: prepare() has succeeded. `json` is the request in protobuf's mapping, and so is
  /// the reply. INVALID_ARGUMENT for JSON that is no such message; else as of Channel::unary.
  /// Without reflection any JSON object goes as application/grpc+json, which go-micro's servers
  /// read and ours; others refuse it, and the error says how it was sent. Integers of more than 53
  /// bits are strings then.
  Task<Result<std::string>> send(std::string json);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hal::rpc
