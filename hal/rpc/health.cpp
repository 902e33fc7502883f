#include <hal/rpc/health.hpp>

#include <hal/async/scope.hpp>

#include <hal/internal/health.pb.h>

#include <map>
#include <mutex>
#include <vector>

namespace hal::rpc {
namespace {

using internal::health::HealthCheckRequest;
using internal::health::HealthCheckResponse;
using internal::health::HealthListRequest;
using internal::health::HealthListResponse;
using Wire = HealthCheckResponse::ServingStatus;

Wire to_wire(ServingStatus status) {
  return status == ServingStatus::kServing ? HealthCheckResponse::SERVING
                                           : HealthCheckResponse::NOT_SERVING;
}

Task<> wake_at_drain(service::Drain* drain, WaitQueue* changed) {
  if (!co_await drain->wait_announced()) co_return;
  changed->wake_all();
  if (co_await drain->wait()) changed->wake_all();
}

}  // namespace

/// Shared with what is posted to the workers, which may run after the server has ended.
class Health::State {
 public:
  explicit State(service::Host& host) : workers_{host.workers()}, changed_(workers_.size()) {}

  /// False when that was the status before.
  bool set(std::string_view service, Wire status) {
    const std::lock_guard lock{mutex_};
    const auto [place, added] = statuses_.try_emplace(std::string{service}, status);
    return added || std::exchange(place->second, status) != status;
  }

  /// As the worker of `context` has it; SERVICE_UNKNOWN for a name that nobody set.
  [[nodiscard]] Wire get(std::string_view service, const Context& context) const {
    const std::lock_guard lock{mutex_};
    const auto found = statuses_.find(service);
    if (found == statuses_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
    return drain(context).announced() ? HealthCheckResponse::NOT_SERVING : found->second;
  }

  void list(HealthListResponse& out, const Context& context) const {
    const std::lock_guard lock{mutex_};
    const bool stopping = drain(context).announced();
    for (const auto& [service, status] : statuses_) {
      (*out.mutable_statuses())[service].set_status(stopping ? HealthCheckResponse::NOT_SERVING
                                                             : status);
    }
  }

  [[nodiscard]] service::Drain& drain(const Context& context) const {
    return *workers_[context.loop->worker_index()].drain;
  }
  [[nodiscard]] WaitQueue& changed(const Context& context) {
    return changed_[context.loop->worker_index()];
  }

  static void wake(const std::shared_ptr<State>& state) {
    for (std::size_t i = 0; i < state->workers_.size(); ++i) {
      state->workers_[i].loop->post([state, i] { state->changed_[i].wake_all(); });
    }
  }

 private:
  const std::span<const service::Worker> workers_;
  std::vector<WaitQueue> changed_;  // each touched by its own worker only
  mutable std::mutex mutex_;
  std::map<std::string, Wire, std::less<>> statuses_;
};

Health::Health(service::Host& host) : state_{std::make_shared<State>(host)} {
  set("", ServingStatus::kServing);
}

void Health::set(std::string_view service, ServingStatus status) {
  if (state_->set(service, to_wire(status))) State::wake(state_);
}

std::span<const Method> Health::methods() const noexcept {
  static constexpr Method kMethods[] = {
      {.name = "Check", .kind = MethodKind::kUnary, .run = &check},
      {.name = "List", .kind = MethodKind::kUnary, .run = &list},
      {.name = "Watch", .kind = MethodKind::kServerStreaming, .run = &watch},
  };
  return kMethods;
}

Task<Result<>> Health::check(Service& self, ServerStream& stream) {
  HealthCheckRequest request;
  co_await or_return(stream.read_only(request));
  const Wire status =
      static_cast<Health&>(self).state_->get(request.service(), co_await this_context());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    co_return error(Code::kNotFound, fmt::format("unknown service {}", request.service()));
  }
  HealthCheckResponse response;
  response.set_status(status);
  co_return stream.write(response);
}

Task<Result<>> Health::list(Service& self, ServerStream& stream) {
  HealthListRequest request;
  co_await or_return(stream.read_only(request));
  HealthListResponse response;
  static_cast<Health&>(self).state_->list(response, co_await this_context());
  co_return stream.write(response);
}

Task<Result<>> Health::watch(Service& self, ServerStream& stream) {
  co_return co_await with_scope(watch_in, static_cast<Health&>(self).state_.get(), &stream);
}

Task<Result<>> Health::watch_in(Scope& scope, State* state, ServerStream* stream) {
  const Context& context = co_await this_context();
  scope.spawn(wake_at_drain, &state->drain(context), &state->changed(context));
  auto ended = co_await send_changes(state, stream);
  scope.cancel({Code::kCancelled, "the watch has ended"});
  co_return ended;
}

Task<Result<>> Health::send_changes(State* state, ServerStream* stream) {
  HealthCheckRequest request;
  co_await or_return(stream->read_only(request));
  const Context& context = co_await this_context();
  std::optional<Wire> last;
  for (;;) {
    const Wire now = state->get(request.service(), context);
    if (last != now) {
      HealthCheckResponse response;
      response.set_status(now);
      co_await or_return(stream->write(response));
      last = now;
    }
    if (state->drain(context).started()) co_return error(Code::kUnavailable, "the server stops");
    co_await or_return(stream->writable());
    if (last != state->get(request.service(), context)) continue;
    co_await or_return(co_await state->changed(context).wait());
  }
}

}  // namespace hal::rpc
