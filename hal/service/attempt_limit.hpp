// AttemptLimit: how often each of many may try, by a key of theirs.
#pragma once

#include <hal/async/timer.hpp>

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hal::service {

struct AttemptLimitOptions {
  /// So many at once by a key that has not tried for a while; then one in each interval.
  unsigned burst = 10;
  Duration interval = std::chrono::seconds{6};
  /// Keys are made by anyone: beyond so many the one that has tried least recently is forgotten.
  std::size_t keys_max = 16 * 1024;
};

/// A token bucket for each key. Keys are slowed down, never locked out. Thread-safe.
class AttemptLimit {
 public:
  /// Precondition: burst, interval and keys_max are above zero.
  explicit AttemptLimit(AttemptLimitOptions options);

  /// Counts an attempt at `now`. Nothing: it may go on. A time: how long to wait until the next
  /// one may; this one does not count.
  [[nodiscard]] std::optional<Duration> take(std::string_view key, TimePoint now);

  /// An attempt that was taken does not count after all.
  void give_back(std::string_view key);

  /// Keys that are remembered.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    TimePoint free_at;  ///< when the key has its whole burst again
  };
  using Entries = std::list<Entry>;  // the one that has tried last is the first

  Entry& entry_of(std::string_view key, TimePoint now);

  const AttemptLimitOptions options_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // views of the entries' keys
};

}  // namespace hal::service
