#include <hal/identity/auth_cache.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/offload.hpp>
#include <hal/async/when_any.hpp>
#include <hal/identity/jwt.hpp>
#include <hal/service/run_on.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <set>

namespace hal::identity {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;
using std::chrono::sys_seconds;

/// Tokens and users that are copied in tens of microseconds.
constexpr std::size_t kCopiedHereMax = 1000;

/// What an issuer tells must be fit to verify with.
Result<> check_keys(const Keys& keys, std::size_t keys_max) {
  if (keys.size() > keys_max) {
    return error(Code::kResourceExhausted,
                 fmt::format("{} keys; at most {}", keys.size(), keys_max));
  }
  std::set<std::string_view> names;
  for (const VerificationKey& key : keys) {
    if (key.kid.empty() || key.kid.size() > kKidBytesMax || !names.insert(key.kid).second) {
      return error(Code::kInvalidArgument, "a key without a name of its own of 1 to 64 bytes came");
    }
    if (!is_valid(key.key)) {
      return error(Code::kInvalidArgument,
                   fmt::format("the key '{}' is no point of the curve's main subgroup", key.kid));
    }
  }
  return {};
}

}  // namespace

WallClock system_wall_clock() {
  return [] { return std::chrono::floor<seconds>(std::chrono::system_clock::now()); };
}

/// Lives on the first worker, but for what is said to be for all. The background task shares it
/// with the cache, which may go first.
class AuthCache::Puller {
 public:
  Puller(service::Host& host, std::unique_ptr<AuthSource> source, AuthCacheOptions options,
         WallClock clock)
      : home_{host.workers().front()},
        source_{std::move(source)},
        options_{options},
        clock_{std::move(clock)} {}

  // For all threads.
  [[nodiscard]] const service::Worker& home() const noexcept { return home_; }
  [[nodiscard]] Result<AuthDataPtr> current(TimePoint now) const;
  /// False: the last pull for an unknown key was too short a time ago.
  [[nodiscard]] bool may_ask_for_key(TimePoint now) const noexcept {
    return asking_for_key_ || now.time_since_epoch() >= next_for_key_.load();
  }
  /// Ends the background task, soon.
  void close() noexcept { closed_ = true; }

  static Task<> run(std::shared_ptr<Puller> self);
  static Task<Result<>> wait_for_first(std::shared_ptr<Puller> self);
  static Task<Result<>> pull_now(std::shared_ptr<Puller> self);
  static Task<Result<>> pull_for_key(std::shared_ptr<Puller> self);
  void wake() noexcept { wake_.wake_all(); }

 private:
  Task<Result<RevocationSetPtr>> with(RevocationSetPtr set, const Revocations& changes,
                                      sys_seconds wall);
  Task<Result<>> pull();
  Task<Result<>> pull_caught();
  Task<Result<>> wait_for_data();
  Task<Result<>> wait_for(std::uint64_t number);
  void note(const Result<>& outcome);
  [[nodiscard]] AuthDataPtr data() const {
    const std::lock_guard lock{mutex_};
    return data_;
  }
  void put(AuthDataPtr data) {
    const std::lock_guard lock{mutex_};
    data_.swap(data);  // the former one is freed without the lock
  }

  const service::Worker& home_;
  const std::unique_ptr<AuthSource> source_;
  const AuthCacheOptions options_;
  const WallClock clock_;

  mutable std::mutex mutex_;
  AuthDataPtr data_;  // under mutex_
  std::atomic<bool> closed_ = false;
  std::atomic<bool> asking_for_key_ = false;
  std::atomic<Duration> next_for_key_ = Duration::min();

  std::int64_t cursor_ = 0;
  sys_seconds wall_ = sys_seconds::min();  // of the last pull that succeeded
  // Pulls by number: one that begins after a question is one with a higher number than `begun_`.
  std::uint64_t begun_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t wanted_ = 0;
  Status last_;
  WaitQueue wake_;    // the background task waits here
  WaitQueue pulled_;  // those who want what it pulls
};

Result<AuthDataPtr> AuthCache::Puller::current(TimePoint now) const {
  auto data = this->data();
  if (data == nullptr) {
    return error(Code::kUnavailable, "keys and revocations have not been pulled yet");
  }
  if (const auto age = now - data->asked_at; age > options_.stale_after) {
    return error(Code::kUnavailable,
                 fmt::format("keys and revocations are {} s old; at most {} s",
                             duration_cast<seconds>(age).count(),
                             duration_cast<seconds>(options_.stale_after).count()));
  }
  return data;
}

/// A large set is copied on another thread: requests run on this one.
Task<Result<RevocationSetPtr>> AuthCache::Puller::with(RevocationSetPtr set,
                                                       const Revocations& changes,
                                                       sys_seconds wall) {
  const auto grow = [](const RevocationSetPtr& old, const Revocations* changed, sys_seconds now,
                       const RevocationLimits& limits) -> Result<RevocationSetPtr> {
    auto grown = old->with(*changed, now, limits);
    if (!grown) return error(std::move(grown.error()));
    return std::make_shared<const RevocationSet>(std::move(*grown));
  };
  const auto& limits = options_.revocations;
  if (set->size() + changes.tokens.size() + changes.users.size() <= kCopiedHereMax) {
    co_return grow(set, &changes, wall, limits);
  }
  co_return co_await offload(grow, std::move(set), &changes, wall, limits);
}

Task<Result<>> AuthCache::Puller::pull() {
  const TimePoint asked_at = (co_await this_context()).loop->now();
  const sys_seconds wall = clock_();
  // A clock that was ahead has made us forget what counts again.
  const std::int64_t since = wall < wall_ ? 0 : cursor_;
  auto keys = co_await or_return(timeout(options_.pull_timeout, source_->keys()));
  co_await or_return(check_keys(keys, options_.keys_max));
  const auto changes =
      co_await or_return(timeout(options_.pull_timeout, source_->revocations(since)));
  const auto known = data();
  auto next = std::make_shared<AuthData>();
  next->keys = std::move(keys);
  next->asked_at = asked_at;
  if (known != nullptr) next->revocations = known->revocations;
  // Most answers bring nothing: the set is copied only for changes.
  if (!changes.tokens.empty() || !changes.users.empty()) {
    next->revocations = co_await or_return(with(next->revocations, changes, wall));
  }
  cursor_ = changes.cursor;
  wall_ = wall;
  put(std::move(next));
  co_return Result<>{};
}

/// An exception of a source must not end what the worker does beside.
Task<Result<>> AuthCache::Puller::pull_caught() {
  auto& promise = co_await hal::detail::this_promise();
  try {
    co_return co_await pull();
  } catch (...) {
    promise.enter();
    co_return error(status_of_current_exception());
  }
}

/// One line when it begins to fail, one when it works again.
void AuthCache::Puller::note(const Result<>& outcome) {
  const bool failed_before = !last_.ok();
  last_ = outcome ? Status{} : outcome.error();
  if (!outcome && !failed_before) {
    log::warn("keys and revocations cannot be pulled: {}", last_.to_string());
  } else if (outcome && failed_before) {
    log::info("keys and revocations are pulled again");
  }
}

Task<> AuthCache::Puller::run(std::shared_ptr<Puller> self) {
  Puller& puller = *self;
  while (!puller.closed_ && co_await or_stopped()) {
    ++puller.begun_;
    const auto outcome = co_await puller.pull_caught();
    if (!co_await or_stopped()) co_return;
    puller.note(outcome);
    puller.ended_ = puller.begun_;
    if (puller.wanted_ <= puller.ended_) puller.asking_for_key_ = false;
    puller.pulled_.wake_all();
    if (puller.closed_) co_return;
    if (puller.wanted_ > puller.begun_) continue;
    const auto& options = puller.options_;
    // Its error is the end of the time: that is what is waited for.
    (void)co_await timeout(outcome ? options.pull_interval : options.retry_interval,
                           wait_on(puller.wake_));
  }
}

Task<Result<>> AuthCache::Puller::wait_for_data() {
  while (data() == nullptr) co_await or_return(co_await pulled_.wait());
  co_return Result<>{};
}

Task<Result<>> AuthCache::Puller::wait_for_first(std::shared_ptr<Puller> self) {
  co_await or_return(when_any(self->wait_for_data(), self->home_.drain->wait_announced()));
  co_return Result<>{};
}

/// The end of the pull with this number, or of a later one.
Task<Result<>> AuthCache::Puller::wait_for(std::uint64_t number) {
  while (ended_ < number) co_await or_return(co_await pulled_.wait());
  if (!last_.ok()) co_return error(last_);
  co_return Result<>{};
}

Task<Result<>> AuthCache::Puller::pull_now(std::shared_ptr<Puller> self) {
  self->wanted_ = self->begun_ + 1;
  self->wake();
  co_return co_await self->wait_for(self->wanted_);
}

Task<Result<>> AuthCache::Puller::pull_for_key(std::shared_ptr<Puller> self) {
  if (self->asking_for_key_) co_return co_await self->wait_for(self->wanted_);
  const TimePoint now = (co_await this_context()).loop->now();
  if (!self->may_ask_for_key(now)) co_return Result<>{};
  self->asking_for_key_ = true;
  self->next_for_key_ = (now + self->options_.unknown_key_gap).time_since_epoch();
  co_return co_await pull_now(self);
}

AuthCache::AuthCache(service::Host& host, std::unique_ptr<AuthSource> source,
                     AuthCacheOptions options, WallClock clock)
    : puller_{std::make_shared<Puller>(host, std::move(source), options, std::move(clock))} {}

AuthCache::~AuthCache() {
  puller_->close();
  puller_->home().loop->post([puller = puller_] { puller->wake(); });
}

Task<Result<>> AuthCache::start() {
  const service::Worker& home = puller_->home();
  home.loop->post(
      [puller = puller_, background = home.background] { background->spawn(Puller::run, puller); });
  co_return co_await service::run_on(home, Puller::wait_for_first, puller_);
}

Result<AuthDataPtr> AuthCache::current(TimePoint now) const { return puller_->current(now); }

Task<Result<>> AuthCache::refresh() {
  co_return co_await service::run_on(puller_->home(), Puller::pull_now, puller_);
}

Task<Result<>> AuthCache::refresh_for_unknown_key() {
  if (!puller_->may_ask_for_key((co_await this_context()).loop->now())) co_return Result<>{};
  co_return co_await service::run_on(puller_->home(), Puller::pull_for_key, puller_);
}

}  // namespace hal::identity
