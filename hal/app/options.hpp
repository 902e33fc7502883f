// Options every service has, whatever it does.
#pragma once

#include <hal/config/config.hpp>
#include <hal/config/port.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hal::app {

/// Where further options are.
struct FileOptions {
  std::string config{};  ///< a YAML file, see config::File; empty: none

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(FileOptions, (), (config))

/// Their variables and what they mean: `--help` of any service, or describe().
struct AppOptions {
  std::string service_name{};  ///< empty: the program's own name
  std::string service_host{};  ///< empty: all addresses
  config::Port service_port{8080};
  std::optional<config::Port> admin_port{};  ///< unset: choose_admin_port()
  unsigned workers = 0;                      ///< 0: by processors and cgroup quota
  std::string log_level = "info";
  std::string log_format = "text";
  std::string tls_certificate{};  ///< file; empty: servers speak plain
  std::string tls_key{};
  std::string tls_client_ca{};                            ///< file; empty: any client
  std::chrono::milliseconds max_connection_age{0};        ///< zero: no limit
  std::chrono::milliseconds max_connection_age_grace{0};  ///< zero: no limit
  std::chrono::milliseconds drain_timeout{25'000};
  std::optional<std::chrono::milliseconds> drain_grace{};  ///< unset: 5 s in a pod, else 0 s

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(AppOptions, (),
                      (service_name, service_host, service_port, admin_port, workers, log_level,
                       log_format, tls_certificate, tls_key, tls_client_ca, max_connection_age,
                       max_connection_age_grace, drain_timeout, drain_grace))

}  // namespace hal::app
