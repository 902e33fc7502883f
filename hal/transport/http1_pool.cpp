#include <hal/transport/http1_pool.hpp>

#include <hal/async/deadline.hpp>

#include <algorithm>
#include <array>

namespace hal::transport {
namespace {

bool idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods{"GET",   "HEAD", "OPTIONS",
                                                     "TRACE", "PUT",  "DELETE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

Status timed_out(Status status, std::string_view phase, const net::Endpoint& server) {
  if (status.code() != Code::kDeadlineExceeded) return status;
  return status.with_prefix(std::string{phase} + net::to_string(server));
}

}  // namespace

/// Counts an exchange on every way out.
class Http1Pool::Active {
 public:
  explicit Active(Slot& slot) noexcept : slot_{slot} { ++slot_.active; }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;
  ~Active() { --slot_.active; }

 private:
  Slot& slot_;
};

Http1Pool::Http1Pool(net::Network& network, std::size_t workers, const Http1PoolOptions& options)
    : network_{network}, options_{options}, slots_(workers) {}

Http1Pool::Slot& Http1Pool::slot(const Loop& loop) {
  expects(loop.worker_index() < slots_.size(), "a pool is used on the workers it was made for");
  return slots_[loop.worker_index()];
}

Task<Result<HttpResponse>> Http1Pool::exchange(net::Endpoint server, const HttpRequest& request) {
  Loop& loop = *(co_await this_context()).loop;
  Slot& mine = slot(loop);
  if (mine.active >= options_.active_max) {
    co_return error(Code::kResourceExhausted, "too many HTTP requests are under way");
  }
  const Active counted{mine};
  drop_expired(mine, loop.now());
  const bool repeatable = idempotent(request.method);
  for (bool may_reuse = true;; may_reuse = false) {
    auto client = may_reuse ? take(mine, server) : nullptr;
    const bool used_before = client != nullptr;
    if (used_before && !repeatable && !co_await client->still_open()) continue;
    if (!used_before) client = co_await or_return(connect(server));
    auto response = co_await timeout(options_.exchange_timeout, client->exchange(request));
    if (response) {
      if (client->reusable()) put(mine, server, std::move(client), loop.now());
      co_return response;
    }
    if (used_before && repeatable && !client->answered() &&
        response.error().code() == Code::kUnavailable) {
      continue;
    }
    co_return error(timed_out(std::move(response.error()), "waiting for the answer of ", server));
  }
}

Task<Result<std::unique_ptr<Http1Client>>> Http1Pool::connect(const net::Endpoint& server) {
  auto stream = co_await timeout(options_.connect_timeout, network_.connect(server));
  if (!stream) co_return error(timed_out(std::move(stream.error()), "connecting to ", server));
  co_return std::make_unique<Http1Client>(std::move(*stream), options_.limits);
}

void Http1Pool::drop_expired(Slot& slot, TimePoint now) const {
  std::erase_if(slot.idle,
                [&](const Idle& idle) { return now - idle.since >= options_.idle_timeout; });
}

/// The one used last: it is the least likely to have been closed.
std::unique_ptr<Http1Client> Http1Pool::take(Slot& slot, const net::Endpoint& server) {
  const auto found = std::find_if(slot.idle.rbegin(), slot.idle.rend(),
                                  [&](const Idle& idle) { return idle.server == server; });
  if (found == slot.idle.rend()) return nullptr;
  auto client = std::move(found->client);
  slot.idle.erase(std::next(found).base());
  return client;
}

void Http1Pool::put(Slot& slot, const net::Endpoint& server, std::unique_ptr<Http1Client> client,
                    TimePoint now) const {
  if (options_.idle_max == 0) return;
  if (slot.idle.size() >= options_.idle_max) slot.idle.erase(slot.idle.begin());
  slot.idle.push_back({server, std::move(client), now});
}

std::size_t Http1Pool::idle_connections() const {
  const Context* const context = current_context();
  expects(context != nullptr && context->loop->worker_index() < slots_.size(),
          "a pool is used on the workers it was made for");
  return slots_[context->loop->worker_index()].idle.size();
}

}  // namespace hal::transport
