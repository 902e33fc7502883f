// BoundedQueue: values from coroutines that make them to coroutines that use them, on one loop.
#pragma once

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace hal {

/// First in, first out, with a limit: who produces faster than others consume waits. Any number of
/// producers and consumers; each side is served in the order of asking. Must outlive who waits.
/// One loop; not thread-safe: values for another worker go there by Loop::post or run_on.
///
///     while (auto job = co_await or_return(jobs.pop())) co_await work(*job);
template <class T>
class BoundedQueue {
 public:
  /// Precondition: capacity > 0.
  explicit BoundedQueue(std::size_t capacity) : room_{capacity} {
    expects(capacity > 0, "a bounded queue has room for at least one value");
  }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  /// Waits for room. FAILED_PRECONDITION: the queue is closed, or was while this waited; the reason
  /// of a stop of the caller. After an error the value is destroyed.
  Task<Result<>> push(T value) {
    if (!closed_ && room_ > 0) {
      --room_;
    } else if (!closed_) {
      // A consumer leaves the room it makes to the first who waits.
      co_await or_return(co_await producers_.wait());
    }
    if (closed_) co_return error(Code::kFailedPrecondition, "the queue is closed");
    add(std::move(value));
    co_return Result<>{};
  }
  /// False, and `value` as it was, when the queue is full or closed.
  [[nodiscard]] bool try_push(T&& value) {
    if (closed_ || room_ == 0) return false;
    --room_;
    add(std::move(value));
    return true;
  }

  /// The oldest value, or waits for one. Nullopt: the queue is closed and empty. An error is the
  /// reason of a stop of the caller, and takes no value.
  Task<Result<std::optional<T>>> pop() {
    if (unclaimed_ > 0) {
      --unclaimed_;
    } else if (closed_) {
      co_return std::nullopt;
    } else {
      // A producer leaves its value to the first who waits; close() leaves none.
      co_await or_return(co_await consumers_.wait());
      if (values_.empty()) co_return std::nullopt;
    }
    co_return take();
  }
  /// Nullopt when there is none at once.
  [[nodiscard]] std::optional<T> try_pop() {
    if (unclaimed_ == 0) return std::nullopt;
    --unclaimed_;
    return take();
  }

  /// No more values: producers fail from now on, those that wait too; consumers get what is left,
  /// then the end.
  void close() noexcept {
    closed_ = true;
    producers_.wake_all();
    consumers_.wake_all();
  }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

 private:
  void add(T value) {
    values_.push_back(std::move(value));
    if (!consumers_.wake_one()) ++unclaimed_;
  }
  T take() {
    T value = std::move(values_.front());
    values_.pop_front();
    if (!producers_.wake_one()) ++room_;
    return value;
  }

  std::deque<T> values_;
  std::size_t room_;           ///< 0 while a producer waits
  std::size_t unclaimed_ = 0;  ///< values that no woken consumer is about to take
  bool closed_ = false;
  WaitQueue producers_;
  WaitQueue consumers_;
};

}  // namespace hal
