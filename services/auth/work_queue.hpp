// HashQueue: password hashes beside the event loops, so many at once and so many waiting.
#pragma once

#include <hal/async/offload.hpp>
#include <hal/async/semaphore.hpp>
#include <hal/service/run_on.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace auth {

struct HashLimits {
  /// Each takes a core and 19 MiB for tens of milliseconds. Fewer than the threads of the offload
  /// pool (4), so that one is left for the database.
  std::size_t at_once = 2;
  /// Half a second of work. What comes beyond is better refused than late.
  std::size_t waiting_max = 32;
};

/// What a scrape tells. Thread-safe.
struct HashCounts {
  std::atomic<std::size_t> running = 0;
  std::atomic<std::size_t> waiting = 0;
  std::atomic<std::size_t> running_peak = 0;
  std::atomic<std::size_t> waiting_peak = 0;
  std::atomic<std::uint64_t> done = 0;
  std::atomic<std::uint64_t> refused = 0;
};

/// One line for all workers: it stands on the loop of `home`, a worker of the same process. Who
/// waits is served in the order of coming, and leaves the line when stopped. Thread-safe; must
/// outlive what runs in it.
class HashQueue {
  template <class F, class... Values>
  using Outcome = hal::detail::OffloadOutcome<std::invoke_result_t<F&, Values&...>>::type;

 public:
  /// Precondition: 0 < limits.at_once.
  HashQueue(const hal::service::Worker& home, const HashLimits& limits)
      : home_{home}, limits_{limits}, permits_{limits.at_once} {}

  /// As offload(function, values...), once it is this call's turn. UNAVAILABLE at once when the
  /// line is full; the reason of a stop while it waits.
  template <class F, class... Values>
  auto run(F function, Values... values) -> hal::Task<Outcome<F, Values...>> {
    co_return co_await hal::service::run_on(home_, run_here<F, Values...>, this,
                                            std::move(function), std::move(values)...);
  }

  [[nodiscard]] std::shared_ptr<const HashCounts> counts() const noexcept { return counts_; }

 private:
  /// Counts one, from here to its end. Home loop only, so that a peak is what was there at once.
  class Count {
   public:
    Count(std::atomic<std::size_t>& now, std::atomic<std::size_t>& peak) noexcept : now_{now} {
      peak.store(std::max(peak.load(), ++now));
    }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    ~Count() { --now_; }

   private:
    std::atomic<std::size_t>& now_;
  };

  template <class F, class... Values>
  static hal::Task<Outcome<F, Values...>> run_here(HashQueue* self, F function, Values... values) {
    HashCounts& counts = *self->counts_;
    auto permit = self->permits_.try_acquire();
    if (!permit) {
      if (counts.waiting >= self->limits_.waiting_max) {
        ++counts.refused;
        co_return hal::error(hal::Code::kUnavailable,
                             "more passwords wait to be checked than the queue holds");
      }
      const Count waiting{counts.waiting, counts.waiting_peak};
      permit = co_await hal::or_return(self->permits_.acquire());
    }
    const Count running{counts.running, counts.running_peak};
    auto outcome = co_await hal::offload(std::move(function), std::move(values)...);
    ++counts.done;
    if (!outcome && outcome.error().code() == hal::Code::kResourceExhausted) {
      // The pool is full of other things; a caller must not take it for too many attempts.
      co_return hal::error(hal::Code::kUnavailable, outcome.error().message());
    }
    co_return std::move(outcome);
  }

  const hal::service::Worker& home_;
  const HashLimits limits_;
  const std::shared_ptr<HashCounts> counts_ = std::make_shared<HashCounts>();
  hal::Semaphore permits_;
};

}  // namespace auth
