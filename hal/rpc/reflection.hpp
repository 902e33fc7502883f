// Reflection: grpc.reflection.v1 and v1alpha, so that tools such as grpcurl need no .proto
// (grpc/grpc doc/server-reflection.md).
#pragma once

#include <hal/rpc/service.hpp>
#include <hal/service/host.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hal::rpc {

/// What both versions of a server answer from. Made on the first question: a server that nobody
/// asks copies no descriptors. Thread-safe.
class ReflectionData {
 public:
  /// A service that reflection speaks of.
  struct Entry {
    std::string full_name;
    std::string proto_name;
  };
  explicit ReflectionData(std::vector<Entry> services);
  ~ReflectionData();

  class Impl;
  [[nodiscard]] const Impl& get() const;

 private:
  const std::unique_ptr<Impl> impl_;
};

/// One version. The data are the generated descriptors of the server's services and of what they
/// import; files and symbols that no service needs are NOT_FOUND. A stream ends when the worker
/// drains.
class Reflection final : public Service {
 public:
  /// `full_name` is "grpc.reflection.v1.ServerReflection" or v1alpha's; static storage. The host
  /// must outlive it.
  Reflection(service::Host& host, std::string_view full_name,
             std::shared_ptr<const ReflectionData> data);

  [[nodiscard]] std::string_view full_name() const noexcept override { return full_name_; }
  [[nodiscard]] std::string_view proto_name() const noexcept override {
    return "hal.internal.reflection.ServerReflection";
  }
  [[nodiscard]] std::span<const Method> methods() const noexcept override;

 private:
  static Task<Result<>> info(Service& self, ServerStream& stream);
  static Task<Result<>> info_in(Scope& scope, Reflection* self, ServerStream* stream);

  service::Host& host_;
  const std::string_view full_name_;
  const std::shared_ptr<const ReflectionData> data_;
};

}  // namespace hal::rpc
