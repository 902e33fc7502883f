// WorkQueue: what blocks, beside the event loops: so much at once, and so much waiting.
#pragma once

#include <hal/async/offload.hpp>
#include <hal/async/semaphore.hpp>
#include <hal/service/run_on.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace auth {

struct WorkLimits {
  std::size_t at_once = 1;
  /// What comes beyond is better refused than late.
  std::size_t waiting_max = 32;
  std::string_view when_full = "too much waits already";  ///< the message; static storage
};

/// What a scrape tells. Thread-safe.
struct WorkCounts {
  std::atomic<std::size_t> running = 0;
  std::atomic<std::size_t> waiting = 0;
  std::atomic<std::size_t> running_peak = 0;
  std::atomic<std::size_t> waiting_peak = 0;
  std::atomic<std::uint64_t> done = 0;
  std::atomic<std::uint64_t> refused = 0;
};

/// What is used up here, the pool's queue or the memory, is UNAVAILABLE: with RESOURCE_EXHAUSTED
/// callers are told that they ask too often.
template <class T>
[[nodiscard]] hal::Result<T> no_fault_of_callers(hal::Result<T> result) {
  if (result || result.error().code() != hal::Code::kResourceExhausted) return result;
  return hal::error(hal::Code::kUnavailable, result.error().message());
}

/// One line for all workers: it stands on the loop of `home`, a worker of the same process. Who
/// waits is served in the order of coming, and leaves the line when stopped. Thread-safe; must
/// outlive what runs in it.
class WorkQueue {
  template <class F, class... Values>
  using Outcome = hal::detail::OffloadOutcome<std::invoke_result_t<F&, Values&...>>::type;

 public:
  /// Precondition: 0 < limits.at_once.
  WorkQueue(const hal::service::Worker& home, const WorkLimits& limits)
      : home_{home}, limits_{limits}, permits_{limits.at_once} {}

  /// As offload(function, values...), once it is this call's turn. UNAVAILABLE at once when the
  /// line is full, and as no_fault_of_callers(); the reason of a stop while it waits.
  template <class F, class... Values>
  auto run(F function, Values... values) -> hal::Task<Outcome<F, Values...>> {
    co_return co_await hal::service::run_on(home_, run_here<F, Values...>, this,
                                            std::move(function), std::move(values)...);
  }

  [[nodiscard]] std::shared_ptr<const WorkCounts> counts() const noexcept { return counts_; }

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
  static hal::Task<Outcome<F, Values...>> run_here(WorkQueue* self, F function, Values... values) {
    WorkCounts& counts = *self->counts_;
    auto permit = self->permits_.try_acquire();
    if (!permit) {
      if (counts.waiting >= self->limits_.waiting_max) {
        ++counts.refused;
        co_return hal::error(hal::Code::kUnavailable, std::string{self->limits_.when_full});
      }
      const Count waiting{counts.waiting, counts.waiting_peak};
      permit = co_await hal::or_return(self->permits_.acquire());
    }
    const Count running{counts.running, counts.running_peak};
    auto outcome = co_await hal::offload(std::move(function), std::move(values)...);
    ++counts.done;
    co_return no_fault_of_callers(std::move(outcome));
  }

  const hal::service::Worker& home_;
  const WorkLimits limits_;
  const std::shared_ptr<WorkCounts> counts_ = std::make_shared<WorkCounts>();
  hal::Semaphore permits_;
};

}  // namespace auth
