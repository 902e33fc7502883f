// The collector as a service: receives spans on some ports, answers queries on another.
#pragma once

#include <hal/app/app.hpp>
#include <hal/collector/store.hpp>
#include <hal/config/port.hpp>

#include <string>
#include <vector>

namespace hal::collector {

struct CollectorOptions {
  config::Port otlp_port{4318};                                            ///< OTLP/HTTP's port
  config::Port otlp_grpc_port{4317};                                       ///< OTLP/gRPC's port
  config::Port zipkin_port{9411};                                          ///< Zipkin's port
  config::Port query_port{16686};                                          ///< Jaeger's query port
  std::vector<std::string> receivers{"otlp-http", "otlp-grpc", "zipkin"};  ///< what is received
  std::size_t spans_max = StoreOptions{}.spans_max;
  std::size_t memory_mib_max = StoreOptions{}.bytes_max >> 20;

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(CollectorOptions, (),
                      (otlp_port, otlp_grpc_port, zipkin_port, query_port, receivers, spans_max,
                       memory_mib_max))

/// For hal::run. OTLP/HTTP on HAL_COLLECTOR_OTLP_PORT, OTLP/gRPC on HAL_COLLECTOR_OTLP_GRPC_PORT,
/// Zipkin v2 on HAL_COLLECTOR_ZIPKIN_PORT, as far as HAL_COLLECTOR_RECEIVERS names them; Jaeger's
/// query API on HAL_COLLECTOR_QUERY_PORT; all on SERVICE_HOST. Registers once all listen. Throws
/// ConfigError for an unknown receiver, and without any.
Task<Result<>> serve(App& app);

}  // namespace hal::collector
