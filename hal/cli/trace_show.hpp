// `hal trace show`: one trace as a tree.
#pragma once

#include <hal/config/arguments.hpp>
#include <hal/config/environment.hpp>

namespace hal::cli {

/// `hal trace show <id|last>`: asks HAL_COLLECTOR_URL, or the collector in the local registry.
/// Exit code: 0, 1 when there is no such trace or no collector, 2 for wrong arguments.
int trace_show(const config::Environment& environment, const config::Arguments& arguments);

}  // namespace hal::cli
