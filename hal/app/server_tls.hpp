// ServerTls: the certificate of the process's servers, from the files that HAL_TLS_* name.
#pragma once

#include <hal/app/options.hpp>
#include <hal/net/tls.hpp>
#include <hal/service/call.hpp>

#include <mutex>
#include <optional>

namespace hal::app {

/// Thread-safe.
class ServerTls {
 public:
  /// Reads the files, again when they have been renewed. Connections that are there stay as they
  /// are. kInvalidArgument names variable, file and what is wrong; what was loaded before stays.
  Result<> load(const AppOptions& options);

  /// Nullopt: no certificate is named, and servers speak plain.
  [[nodiscard]] std::optional<net::TlsServer> server(service::Protocol protocol) const;

 private:
  mutable std::mutex mutex_;
  std::optional<net::TlsServer> http_;
  std::optional<net::TlsServer> grpc_;
};

}  // namespace hal::app
