// The collector as a service: receives spans on one port, answers queries on another.
#pragma once

#include <hal/app/app.hpp>
#include <hal/collector/store.hpp>
#include <hal/config/port.hpp>

namespace hal::collector {

struct CollectorOptions {
  config::Port otlp_port{4318};    ///< OTLP/HTTP's port
  config::Port query_port{16686};  ///< Jaeger's query port

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(CollectorOptions, (), (otlp_port, query_port))

/// For hal::run. POST /v1/traces on HAL_COLLECTOR_OTLP_PORT; Jaeger's query API on
/// HAL_COLLECTOR_QUERY_PORT; both on SERVICE_HOST. Registers once both listen.
Task<Result<>> serve(App& app);

}  // namespace hal::collector
