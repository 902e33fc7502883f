#include <hal/service/attempt_limit.hpp>

#include <hal/base/contract.hpp>

namespace hal::service {

AttemptLimit::AttemptLimit(AttemptLimitOptions options) : options_{options} {
  expects(options.burst > 0 && options.interval > Duration::zero() && options.keys_max > 0,
          "the limits of attempts are above zero");
}

void AttemptLimit::put(std::string_view key, TimePoint free_at) {
  const auto known = free_at_.find(key);
  if (known != free_at_.end()) {
    by_time_.erase({known->second, known->first});
    known->second = free_at;
    by_time_.emplace(free_at, known->first);
    return;
  }
  if (free_at_.size() == options_.keys_max) {
    const auto least = by_time_.begin();
    const auto forgotten = free_at_.find(least->second);
    by_time_.erase(least);
    free_at_.erase(forgotten);
  }
  const auto added = free_at_.emplace(key, free_at).first;
  by_time_.emplace(free_at, added->first);
}

std::optional<Duration> AttemptLimit::take(std::string_view key, TimePoint now) {
  const std::lock_guard lock{mutex_};
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const auto free = free_at_.find(by_time_.begin()->second);
    by_time_.erase(by_time_.begin());
    free_at_.erase(free);
  }
  const auto known = free_at_.find(key);
  const TimePoint free_at = known == free_at_.end() ? now : clamped(known->second, now);
  const TimePoint allowed_at = free_at - options_.interval * (options_.burst - 1);
  if (allowed_at > now) {
    // Else, after the clock was set back, each question would find the wait as long as before.
    put(key, free_at);
    return allowed_at - now;
  }
  put(key, free_at + options_.interval);
  return std::nullopt;
}

void AttemptLimit::give_back(std::string_view key) {
  const std::lock_guard lock{mutex_};
  const auto known = free_at_.find(key);
  if (known != free_at_.end()) put(key, known->second - options_.interval);
}

std::optional<TimePoint> AttemptLimit::free_at(std::string_view key) const {
  const std::lock_guard lock{mutex_};
  const auto known = free_at_.find(key);
  if (known == free_at_.end()) return std::nullopt;
  return known->second;
}

void AttemptLimit::restore(std::string_view key, TimePoint free_at, TimePoint now) {
  const std::lock_guard lock{mutex_};
  put(key, clamped(free_at, now));
}

std::size_t AttemptLimit::size() const {
  const std::lock_guard lock{mutex_};
  return free_at_.size();
}

}  // namespace hal::service
