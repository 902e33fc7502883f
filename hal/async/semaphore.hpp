// Semaphore: at most so many coroutines of one loop do something at once.
#pragma once

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace hal {

/// A number of permits. Who finds none waits, and gets the next one that is given back in the
/// order of asking: nobody who comes later is served before. Must outlive its permits and those
/// who wait. One loop; not thread-safe.
///
///     auto permit = co_await or_return(uploads.acquire());
class Semaphore {
 public:
  /// Held while the work runs; given back by its destructor.
  class [[nodiscard]] Permit {
   public:
    Permit(Permit&& other) noexcept : owner_{std::exchange(other.owner_, nullptr)} {}
    Permit& operator=(Permit&& other) noexcept {
      if (this == &other) return *this;
      release();
      owner_ = std::exchange(other.owner_, nullptr);
      return *this;
    }
    ~Permit() { release(); }
    /// Gives it back before its end; then nothing more happens.
    void release() noexcept {
      if (owner_ != nullptr) std::exchange(owner_, nullptr)->give_back();
    }

   private:
    friend class Semaphore;
    explicit Permit(Semaphore& owner) noexcept : owner_{&owner} {}
    Semaphore* owner_;
  };

  /// Precondition: permits > 0.
  explicit Semaphore(std::size_t permits) : permits_{permits}, available_{permits} {
    expects(permits > 0, "a semaphore has at least one permit");
  }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() { expects(available_ == permits_, "a semaphore outlives its permits"); }

  /// Waits for a permit. An error is the reason of a stop of the caller, who then holds none.
  Task<Result<Permit>> acquire() {
    if (available_ > 0) {
      --available_;
    } else {
      // Whoever gives one back leaves it to the first who waits, without counting it as available.
      co_await or_return(co_await waiting_.wait());
    }
    co_return Permit{*this};
  }
  /// Nullopt when none is available at once.
  [[nodiscard]] std::optional<Permit> try_acquire() noexcept {
    if (available_ == 0) return std::nullopt;
    --available_;
    return Permit{*this};
  }
  [[nodiscard]] std::size_t available() const noexcept { return available_; }

 private:
  void give_back() noexcept {
    if (!waiting_.wake_one()) ++available_;
  }

  const std::size_t permits_;
  std::size_t available_;  ///< 0 while somebody waits
  WaitQueue waiting_;
};

}  // namespace hal
