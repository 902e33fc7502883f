// AttemptLimit: how often each of many may try, by a key of theirs.
#pragma once

#include <hal/async/timer.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace hal::service {

struct AttemptLimitOptions {
  /// So many at once by a key that has not tried for a while; then one in each interval.
  unsigned burst = 10;
  Duration interval = std::chrono::seconds{6};
  /// Keys are made by anyone: beyond so many the one that has to wait least is forgotten, so that
  /// nobody gets rid of a key's attempts by trying with many others.
  std::size_t keys_max = 16 * 1024;
};

/// A token bucket for each key (the generic cell rate algorithm, ITU-T I.371). Keys are slowed
/// down, never locked out: however many attempts are refused, the next one may go on an interval
/// after the last that did. Times are of one clock, any; if it is set back, no key waits longer
/// for that. Thread-safe.
class AttemptLimit {
 public:
  /// Precondition: burst, interval and keys_max are above zero.
  explicit AttemptLimit(AttemptLimitOptions options);

  /// Counts an attempt at `now`. Nothing: it may go on. A time: how long to wait until the next
  /// one may; this one does not count.
  [[nodiscard]] std::optional<Duration> take(std::string_view key, TimePoint now);

  /// An attempt that was taken does not count after all.
  void give_back(std::string_view key);

  /// When the key has its whole burst again, if it is remembered: what restore() takes, in another
  /// process too.
  [[nodiscard]] std::optional<TimePoint> free_at(std::string_view key) const;
  void restore(std::string_view key, TimePoint free_at, TimePoint now);

  /// Keys that are remembered.
  [[nodiscard]] std::size_t size() const;

 private:
  void put(std::string_view key, TimePoint free_at);
  /// No key waits longer than for its whole burst, whatever the clock was before.
  [[nodiscard]] TimePoint clamped(TimePoint free_at, TimePoint now) const {
    return std::min(free_at, now + options_.interval * options_.burst);
  }

  const AttemptLimitOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, TimePoint, std::less<>> free_at_;
  std::set<std::pair<TimePoint, std::string_view>> by_time_;  // views of the map's keys
};

}  // namespace hal::service
