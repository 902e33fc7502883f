#include <hal/app/options.hpp>

namespace hal::app {

void FileOptions::describe(config::Fields& fields) {
  fields["config"].variable("HAL_CONFIG").help("YAML file of options, read again on SIGHUP");
}

void AppOptions::describe(config::Fields& fields) {
  fields["service_name"].alias("MICRO_SERVER_NAME").help("name in spans, logs and the registry");
  fields["service_host"].help("address to listen on; empty: all");
  fields["service_port"].help("port to listen on; 0: any free one");
  fields["admin_port"]
      .variable("HAL_ADMIN_PORT")
      .help("/livez /readyz /metrics; 0: any free one; unset: 8081, if it is free");
  fields["workers"].variable("HAL_WORKERS").range(0U, 64U).help("event loops; 0: one per core");
  fields["log_level"].variable("HAL_LOG_LEVEL").help("debug, info, warn, error or off");
  fields["log_format"].variable("HAL_LOG_FORMAT").help("text or json");
  fields["tls_certificate"]
      .variable("HAL_TLS_CERTIFICATE")
      .help("PEM file of the server's certificates; the server speaks TLS then");
  fields["tls_key"].variable("HAL_TLS_KEY").help("PEM file of the certificate's private key");
  fields["tls_client_ca"]
      .variable("HAL_TLS_CLIENT_CA")
      .help("PEM file of the CAs of which clients must show a certificate");
  fields["max_connection_age"]
      .variable("HAL_MAX_CONNECTION_AGE")
      .range(std::chrono::seconds{0}, std::chrono::hours{24 * 365})
      .help("when clients are asked to leave a connection, more or less 10 percent; 0: never");
  fields["max_connection_age_grace"]
      .variable("HAL_MAX_CONNECTION_AGE_GRACE")
      .range(std::chrono::seconds{0}, std::chrono::hours{24 * 365})
      .help("how long requests under way may take after that; 0: as long as they like");
  fields["drain_timeout"]
      .variable("HAL_DRAIN_TIMEOUT")
      .range(std::chrono::seconds{0}, std::chrono::hours{1})
      .help("how long requests under way may take after SIGTERM");
  fields["drain_grace"]
      .variable("HAL_DRAIN_GRACE")
      .range(std::chrono::seconds{0}, std::chrono::hours{1})
      .help("how long to go on serving after SIGTERM, while callers learn of it");
}

}  // namespace hal::app
