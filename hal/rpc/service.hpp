// Service: what a generated service is to the server. User code derives from generated classes.
#pragma once

#include <hal/async/or_return.hpp>
#include <hal/rpc/server_stream.hpp>

#include <span>
#include <string_view>

namespace hal::rpc {

class Service;

/// The four call kinds of gRPC, by who sends how many messages.
enum class MethodKind : std::uint8_t {
  kUnary,
  kClientStreaming,
  kServerStreaming,
  kBidiStreaming,
};

/// One method of a service: its name, and the generated function that reads, calls and writes.
struct Method {
  std::string_view name;  ///< "SayHello"
  MethodKind kind = MethodKind::kUnary;
  Task<Result<>> (*run)(Service& service, ServerStream& stream) = nullptr;
};

/// Base of generated services. One object serves all workers: its methods must be thread-safe.
class Service {
 public:
  virtual ~Service() = default;
  /// "greeter.Greeter". Static storage.
  [[nodiscard]] virtual std::string_view full_name() const noexcept = 0;
  /// The service's name in its .proto, for reflection, where clients call it by another one.
  [[nodiscard]] virtual std::string_view proto_name() const noexcept { return full_name(); }
  /// Static storage.
  [[nodiscard]] virtual std::span<const Method> methods() const noexcept = 0;
};

namespace detail {

/// For generated code: a streaming method as a Method::run. kUnimplemented: the generator has no
/// functions for streams.
Task<Result<>> run_streaming(Service& service, ServerStream& stream);

/// For generated code: a unary method as a Method::run.
template <class S, class Request, class Response, Task<Result<Response>> (S::*kMethod)(Request)>
Task<Result<>> run_unary(Service& service, ServerStream& stream) {
  Request request;
  co_await or_return(stream.read_only(request));
  const Response response =
      co_await or_return((static_cast<S&>(service).*kMethod)(std::move(request)));
  co_return stream.write(response);
}

}  // namespace detail
}  // namespace hal::rpc
