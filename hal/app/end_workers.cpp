#include <hal/app/end_workers.hpp>

#include <hal/async/deadline.hpp>
#include <hal/net/run_on.hpp>

namespace hal::app {
namespace {

using OfWorker = Task<Result<>> (*)(WorkerState* worker);

Task<Result<>> flush(WorkerState* worker) {
  // Not in the background scope: after HAL_DRAIN_TIMEOUT that one is stopped already.
  if (worker->exporter != nullptr) (void)co_await worker->exporter->flush(worker->tracer);
  co_return Result<>{};
}

Task<Result<>> end_background(WorkerState* worker) {
  worker->background->cancel({Code::kCancelled, "the process stops"});
  co_await worker->background->join();
  co_return Result<>{};
}

Task<Result<>> run_there(WorkerState* worker, OfWorker function) {
  co_return co_await net::run_on(*worker->background->context().loop, function, worker);
}

Task<Result<>> run_on_each(Scope& scope, std::deque<WorkerState>* workers, OfWorker function) {
  for (auto& worker : *workers) scope.spawn(run_there, &worker, function);
  co_return Result<>{};
}

}  // namespace

Task<> end_workers(std::deque<WorkerState>* workers, Duration flush_max) {
  (void)co_await timeout(flush_max, with_scope(run_on_each, workers, &flush));
  (void)co_await with_scope(run_on_each, workers, &end_background);
}

}  // namespace hal::app
