#include <hal/service/attempt_limit.hpp>

#include <hal/base/contract.hpp>

#include <algorithm>

namespace hal::service {

AttemptLimit::AttemptLimit(AttemptLimitOptions options) : options_{options} {
  expects(options.burst > 0 && options.interval > Duration::zero() && options.keys_max > 0,
          "the limits of attempts are above zero");
}

AttemptLimit::Entry& AttemptLimit::entry_of(std::string_view key, TimePoint now) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front();
  }
  if (entries_.size() == options_.keys_max) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({.key = std::string{key}, .free_at = now});
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

std::optional<Duration> AttemptLimit::take(std::string_view key, TimePoint now) {
  const std::lock_guard lock{mutex_};
  Entry& entry = entry_of(key, now);
  entry.free_at = std::max(entry.free_at, now);
  const TimePoint allowed_at = entry.free_at - options_.interval * (options_.burst - 1);
  if (allowed_at > now) return allowed_at - now;
  entry.free_at += options_.interval;
  return std::nullopt;
}

void AttemptLimit::give_back(std::string_view key) {
  const std::lock_guard lock{mutex_};
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) known->second->free_at -= options_.interval;
}

std::size_t AttemptLimit::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

}  // namespace hal::service
