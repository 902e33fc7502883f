// hal trace doctor
#pragma once

#include <hal/config/arguments.hpp>
#include <hal/config/environment.hpp>

namespace hal::cli {

/// Reads many traces from the collector that `hal trace show` reads, or with --jaeger from Jaeger,
/// and prints which service broke them and how to cure it. The exit code: 0 nothing found, 1
/// findings, 2 a wrong command line, traces that cannot be read, or one trace asked for while its
/// other half may still be arriving.
int trace_doctor(const config::Environment& environment, const config::Arguments& arguments);

}  // namespace hal::cli
