// Caller: makes the calls that a request names.
#pragma once

#include <hal/app/app.hpp>
#include <hal/http/client.hpp>

#include <greeter.hal.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// One element of a request's list.
struct Call {
  /// "http://host:port/path", called by POST, or "grpc://name": greeter.Greeter/SayHello of the
  /// service of this name.
  std::string url;
  std::string arguments;  ///< JSON: the body, or the message's text
};

/// [{"url":"...","arguments":[...]}, ...], at most 64; "arguments" may be left out.
/// INVALID_ARGUMENT says what is wrong, and with which element.
[[nodiscard]] hal::Result<std::vector<Call>> parse_calls(std::string_view json);

/// Shared by all workers.
class Caller {
 public:
  /// `app` must outlive it.
  explicit Caller(hal::App& app) : app_{app}, client_{app} {}

  /// One call after the other. An answer of any HTTP status is one; the first call without an
  /// answer is the error, as is a list that cannot be parsed.
  hal::Task<hal::Result<>> call_all(std::string json);

 private:
  hal::Task<hal::Result<>> call(Call call);
  greeter::GreeterClient greeter(const std::string& name);

  hal::App& app_;
  hal::http::Client client_;
  std::mutex mutex_;
  std::map<std::string, greeter::GreeterClient> greeters_;
};

}  // namespace harness
