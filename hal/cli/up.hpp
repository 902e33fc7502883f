// `hal up`: the whole system on this machine, and one request through it.
#pragma once

#include <hal/config/arguments.hpp>
#include <hal/config/environment.hpp>

namespace hal::cli {

/// Starts collector, greeter and api, calls GET /api/v1/hello/ww, prints the answer and its trace,
/// and serves until Ctrl-C; `--once`: ends by itself. Exit code: 0 when the answer came and its
/// trace is whole, 1 when not, with what is missing, 2 for wrong arguments; 128 + its number for a
/// signal that comes before. Whatever was started is drained.
int up(const config::Environment& environment, const config::Arguments& arguments);

}  // namespace hal::cli
