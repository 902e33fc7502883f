#include <hal/transport/http1_pool.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>
#include <hal/async/wait_queue.hpp>

#include <algorithm>
#include <array>

namespace hal::transport {
namespace {

bool idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods{"GET",   "HEAD", "OPTIONS",
                                                     "TRACE", "PUT",  "DELETE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

}  // namespace

Http1Pool::Http1Pool(net::Network& network, std::size_t workers, const Http1PoolOptions& options,
                     net::TlsClientOptions tls)
    : options_{options},
      connector_{network,
                 {.connect_timeout = options.connect_timeout,
                  .handshake_timeout = options.handshake_timeout,
                  .tls = std::move(tls)}},
      slots_(workers) {
  for (auto& slot : slots_) slot = std::make_shared<Slot>();
}

Http1Pool::Slot& Http1Pool::slot(const Loop& loop) {
  expects(loop.worker_index() < slots_.size(), "a pool is used on the workers it was made for");
  return *slots_[loop.worker_index()];
}

Task<Result<Http1Pool::Slot*>> Http1Pool::slot_for_one_more() {
  Loop& loop = *(co_await this_context()).loop;
  Slot& mine = slot(loop);
  if (mine.active >= options_.active_max) {
    co_return error(Code::kResourceExhausted, "too many HTTP requests are under way");
  }
  drop_expired(mine, options_, loop.now());
  co_return &mine;
}

Task<Result<HttpResponse>> Http1Pool::exchange(Origin server, const HttpRequest& request) {
  Slot& mine = *co_await or_return(slot_for_one_more());
  const Active counted{mine};
  Attempt attempt{.server = std::move(server), .request = request};
  auto response = co_await or_return(run(mine, attempt));
  if (attempt.client->reusable()) {
    put(mine, attempt.server, std::move(attempt.client), *(co_await this_context()).loop);
  }
  co_return response;
}

Task<Result<Http1Stream>> Http1Pool::open(Origin server, const HttpRequest& request,
                                          const HttpUpload* upload) {
  Slot& mine = *co_await or_return(slot_for_one_more());
  const Active counted{mine};
  Attempt attempt{
      .server = std::move(server), .request = request, .upload = upload, .whole = false};
  auto head = co_await or_return(run(mine, attempt));
  co_return Http1Stream{*this, mine, std::move(attempt.server), std::move(attempt.client),
                        std::move(head)};
}

/// On an idle connection or a new one; on a new one again if the server had closed the idle one.
Task<Result<HttpResponse>> Http1Pool::run(Slot& mine, Attempt& attempt) {
  const bool repeatable = idempotent(attempt.request.method) && attempt.upload == nullptr;
  for (bool may_reuse = true;; may_reuse = false) {
    attempt.client = may_reuse ? take(mine, attempt.server) : nullptr;
    const bool used_before = attempt.client != nullptr;
    if (used_before && !repeatable && !co_await attempt.client->still_open()) continue;
    if (!used_before) attempt.client = co_await or_return(connect(attempt.server));
    auto response = co_await send(attempt);
    if (response) co_return response;
    if (used_before && repeatable && !attempt.client->answered() &&
        response.error().code() == Code::kUnavailable) {
      continue;
    }
    co_return error(timed_out(std::move(response.error()), "waiting for the answer of ",
                              attempt.server.endpoint));
  }
}

Task<Result<HttpResponse>> Http1Pool::send(Attempt& attempt) const {
  Http1Client& client = *attempt.client;
  const Duration time = options_.exchange_timeout;
  if (attempt.whole) co_return co_await timeout(time, client.exchange(attempt.request));
  if (attempt.upload == nullptr) co_return co_await timeout(time, client.open(attempt.request));
  co_await or_return(client.send(attempt.request, *attempt.upload, options_.stream_idle_timeout));
  co_return co_await timeout(time, client.receive_head());
}

Task<Result<std::string>> Http1Stream::read() {
  if (!failure_.ok()) co_return error(failure_);
  if (client_ == nullptr) co_return std::string{};
  auto piece = co_await timeout(pool_->options_.stream_idle_timeout, client_->read());
  if (!piece) {
    failure_ = timed_out(std::move(piece.error()), "waiting for more from ", server_.endpoint);
    client_.reset();
    active_.reset();
    co_return error(failure_);
  }
  if (client_->complete()) {
    if (client_->reusable()) {
      pool_->put(*slot_, server_, std::move(client_), *(co_await this_context()).loop);
    }
    client_.reset();
    active_.reset();
  }
  co_return piece;
}

Task<Result<std::unique_ptr<Http1Client>>> Http1Pool::connect(const Origin& server) {
  auto stream = co_await or_return(connector_.connect(server));
  co_return std::make_unique<Http1Client>(std::move(stream), options_.limits);
}

/// In the worker's background, while there are idle connections.
Task<> Http1Pool::watch_idle(std::weak_ptr<Slot> watched, Http1PoolOptions options) {
  const Loop& loop = *(co_await this_context()).loop;
  for (;;) {
    const bool stopped = !co_await sleep(options.idle_check);
    const auto slot = watched.lock();  // the pool may have gone
    if (slot == nullptr) co_return;
    drop_expired(*slot, options, loop.now());
    if (!stopped) co_await drop_closed(*slot, options);
    if (stopped || slot->idle.empty()) {
      slot->watched = false;
      co_return;
    }
  }
}

/// One after another, so that requests meanwhile find the others.
Task<> Http1Pool::drop_closed(Slot& slot, const Http1PoolOptions& options) {
  std::vector<const Http1Client*> clients;
  for (const Idle& idle : slot.idle) clients.push_back(idle.client.get());
  for (const Http1Client* const client : clients) {
    const auto found = std::ranges::find(slot.idle, client, [](const Idle& idle) {
      return static_cast<const Http1Client*>(idle.client.get());
    });
    if (found == slot.idle.end()) continue;
    Idle idle = std::move(*found);
    slot.idle.erase(found);
    if (!co_await idle.client->still_open()) continue;
    slot.idle.insert(std::ranges::upper_bound(slot.idle, idle.since, {}, &Idle::since),
                     std::move(idle));
    if (slot.idle.size() > options.idle_max) slot.idle.erase(slot.idle.begin());
  }
}

void Http1Pool::drop_expired(Slot& slot, const Http1PoolOptions& options, TimePoint now) {
  std::erase_if(slot.idle,
                [&](const Idle& idle) { return now - idle.since >= options.idle_timeout; });
}

/// The one used last: it is the least likely to have been closed.
std::unique_ptr<Http1Client> Http1Pool::take(Slot& slot, const Origin& server) {
  const auto found = std::find_if(slot.idle.rbegin(), slot.idle.rend(),
                                  [&](const Idle& idle) { return idle.server == server; });
  if (found == slot.idle.rend()) return nullptr;
  auto client = std::move(found->client);
  slot.idle.erase(std::next(found).base());
  return client;
}

void Http1Pool::put(Slot& slot, const Origin& server, std::unique_ptr<Http1Client> client,
                    Loop& loop) const {
  if (options_.idle_max == 0) return;
  if (slot.idle.size() >= options_.idle_max) slot.idle.erase(slot.idle.begin());
  slot.idle.push_back({server, std::move(client), loop.now()});
  if (slot.watched || loop.background() == nullptr) return;
  slot.watched = true;
  loop.background()->spawn(watch_idle, slot.weak_from_this(), options_);
}

std::size_t Http1Pool::idle_connections() const {
  const Context* const context = current_context();
  expects(context != nullptr && context->loop->worker_index() < slots_.size(),
          "a pool is used on the workers it was made for");
  return slots_[context->loop->worker_index()]->idle.size();
}

}  // namespace hal::transport
