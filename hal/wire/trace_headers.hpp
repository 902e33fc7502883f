// The headers a trace travels in: reading them (extract), writing them (inject), their names.
// Everything here is pure and sans-I/O; all functions may be called from any thread.
#pragma once

#include <hal/wire/trace_extract.hpp>
#include <hal/wire/trace_inject.hpp>
#include <hal/wire/trace_names.hpp>
