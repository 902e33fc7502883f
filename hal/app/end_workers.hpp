// How the workers end: what they have recorded leaves first.
#pragma once

#include <hal/app/worker_state.hpp>

#include <deque>

namespace hal::app {

/// Exports what their tracers hold, on all workers at the same time and for `flush_max` in all;
/// what is left then is dropped. Then stops and joins what runs in their background scopes. Runs on
/// any loop while those of the workers run.
Task<> end_workers(std::deque<WorkerState>* workers, Duration flush_max);

}  // namespace hal::app
