// How a process runs and ends: serve, signals, drain, flush.
#include <hal/app/admin.hpp>
#include <hal/app/end_workers.hpp>
#include <hal/app/impl.hpp>
#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/net/run_on.hpp>

#include <csignal>
#include <cstdio>

#include <unistd.h>

namespace hal {
namespace {

/// In a pod, callers go on sending until the endpoint's removal has reached them.
constexpr std::chrono::seconds kPodGrace{5};

/// For the last spans: less than what a supervisor waits before it kills.
constexpr std::chrono::seconds kFlushMax{5};

Status stopping() { return {Code::kCancelled, "the process stops"}; }

}  // namespace

Result<> App::Impl::run(Task<Result<>> (*serve)(App& app)) {
  start_workers();
  say_how_traces_go();
  auto result = block_on(control, main, this, serve);
  workers->stop_and_join();
  return result;
}

Task<Result<>> App::Impl::main(Impl* self, Task<Result<>> (*serve)(App& app)) {
  auto result = co_await with_scope(main_in, self, serve);
  co_await app::end_workers(&self->states, kFlushMax);
  // Nothing uses them any more; what they share closes its connections on the workers, which run.
  for (auto& state : self->states) state.exporter.reset();
  if (!self->fatal_.ok()) co_return error(self->fatal_);
  co_return result;
}

Task<Result<>> App::Impl::main_in(Scope& scope, Impl* self, Task<Result<>> (*serve)(App& app)) {
  scope.spawn(run_admin, self);
  scope.spawn(watch_signals, self, &scope);
  while (self->admin_endpoint.port == 0 && self->fatal_.ok()) {
    co_await or_return(co_await self->admin_changed_.wait());
  }
  Result<> served{};
  if (self->fatal_.ok()) {
    served = co_await serve_until_stopped(self, serve);
    // It may have ended without a signal.
    co_await self->registered_.remove_all(self->discovery.get());
  }
  scope.cancel(stopping());
  co_return served;
}

Task<Result<>> App::Impl::serve_until_stopped(Impl* self, Task<Result<>> (*serve)(App& app)) {
  Context context = co_await this_context();
  context.stop = &self->serve_stop_;
  Loop& loop = self->workers->loop(0);
  auto served = co_await run_in(context, net::run_on(loop, serve_on_worker, self, serve));
  const bool stopped = self->serve_stop_.requested();
  if (stopped && !served && served.error().code() == Code::kCancelled) co_return Result<>{};
  co_return served;
}

Task<Result<>> App::Impl::serve_on_worker(Impl* self, Task<Result<>> (*serve)(App& app)) {
  try {
    co_return co_await serve(self->app);
  } catch (const ConfigError& refused) {
    co_return error(Code::kInvalidArgument, refused.what());
  }
}

Task<> App::Impl::run_admin(Impl* self) {
  app::AdminHost host{*self, co_await this_context()};
  auto result = co_await app::run_admin_server(host);
  co_await host.end();
  if (!result && self->admin_endpoint.port == 0) {
    self->fatal_ = result.error().with_prefix("HAL_ADMIN_PORT");
  }
  self->admin_changed_.wake_all();
}

void App::Impl::admin_listens(net::Endpoint endpoint) {
  admin_endpoint = std::move(endpoint);
  log::info("/livez, /readyz and /metrics are on {}", net::to_string(admin_endpoint));
  admin_changed_.wake_all();
}

Task<> App::Impl::watch_signals(Impl* self, Scope* scope) {
  net::Signals signals{self->control, {SIGTERM, SIGINT, SIGHUP}};
  for (;;) {
    const auto number = co_await signals.next();
    if (!number) co_return;
    if (*number == SIGHUP) {
      self->reload();
      continue;
    }
    if (self->draining_.exchange(true)) {
      // Not through the log: its thread may be what is stuck.
      fmt::print(stderr, "{}: second signal: exit at once\n", self->service_name);
      ::_exit(128 + *number);
    }
    log::info("signal {}: drain", *number);
    scope->spawn(drain, self);
  }
}

Task<> App::Impl::drain(Impl* self) {
  for (const auto& worker : self->service_workers) {
    worker.loop->post([drain = worker.drain] { drain->announce(); });
  }
  co_await self->registered_.remove_all(self->discovery.get());
  const Duration grace = self->options.drain_grace.value_or(
      self->in_pod() ? std::chrono::milliseconds{kPodGrace} : std::chrono::milliseconds{0});
  if (!co_await sleep(grace)) co_return;
  for (const auto& worker : self->service_workers) {
    worker.loop->post([drain = worker.drain] { drain->start(); });
  }
  const TimePoint end =
      saturating_add((co_await this_context()).loop->now(), self->options.drain_timeout);
  // Not sooner: the last requests may need what `serve` does beside its servers.
  const auto idle = co_await with_deadline(end, until_idle(self));
  if (idle) self->serve_stop_.request(stopping());
  if (!co_await sleep(end - (co_await this_context()).loop->now())) co_return;
  log::warn("{} after HAL_DRAIN_TIMEOUT: they are cut",
            idle ? "jobs beside the servers have been stopped and still run"
                 : "requests are still under way");
  self->serve_stop_.request(stopping());
  for (const auto& worker : self->service_workers) {
    worker.loop->post([background = worker.background] { background->cancel(stopping()); });
  }
}

Task<Result<>> App::Impl::until_idle(Impl* self) {
  for (const auto& worker : self->service_workers) {
    const auto idle = [](service::Drain* drain) { return drain->wait_idle(); };
    co_await or_return(net::run_on(*worker.loop, idle, worker.drain));
  }
  co_return Result<>{};
}

}  // namespace hal
