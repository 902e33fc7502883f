#include <hal/async/frame_pool.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAL_PLAIN_FRAMES 1
#endif
#endif

namespace hal::detail {
namespace {

/// Of threads that have ended, and of those that free a frame while they end.
constinit std::atomic<std::int64_t> ended_balance{0};

/// Frames that this thread has allocated less those that it has freed: below zero where frames of
/// others end. Only its thread writes it, so counting costs no locked instruction.
class FrameBalance {
 public:
  FrameBalance() {
    const std::lock_guard lock{mutex};
    next_ = first;
    if (next_ != nullptr) next_->previous_ = this;
    first = this;
  }
  FrameBalance(const FrameBalance&) = delete;
  FrameBalance& operator=(const FrameBalance&) = delete;
  ~FrameBalance() {
    const std::lock_guard lock{mutex};
    ended_balance.fetch_add(value_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    (previous_ != nullptr ? previous_->next_ : first) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    ended = true;
  }

  void add(std::int64_t frames) noexcept {
    if (ended) {
      ended_balance.fetch_add(frames, std::memory_order_relaxed);
    } else {
      value_.store(value_.load(std::memory_order_relaxed) + frames, std::memory_order_relaxed);
    }
  }

  static std::int64_t sum() noexcept {
    const std::lock_guard lock{mutex};
    std::int64_t sum = ended_balance.load(std::memory_order_relaxed);
    for (const FrameBalance* each = first; each != nullptr; each = each->next_) {
      sum += each->value_.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  inline static constinit std::mutex mutex;
  inline static constinit FrameBalance* first = nullptr;  // guarded by mutex, as the links are
  // Outlives the object: the thread's other destructors may still free frames.
  inline static thread_local constinit bool ended = false;

  std::atomic<std::int64_t> value_{0};
  FrameBalance* previous_ = nullptr;
  FrameBalance* next_ = nullptr;
};

thread_local FrameBalance balance;

#ifndef HAL_PLAIN_FRAMES
constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 64;            // frames up to 4 KiB
constexpr std::uint32_t kKeptFramesMax = 1024;  // bounds what an idle worker holds

struct FreeFrame {
  FreeFrame* next;
};

struct FramePool {
  std::array<FreeFrame*, kClasses> lists{};
  std::array<std::uint32_t, kClasses> sizes{};

  ~FramePool() {
    for (FreeFrame*& list : lists) {
      while (list != nullptr) ::operator delete(std::exchange(list, list->next));
    }
    sizes.fill(kKeptFramesMax);  // what is freed after this point goes straight back
  }
};

thread_local FramePool pool;

constexpr std::size_t class_of(std::size_t size) { return (size + kStep - 1) / kStep - 1; }
#endif

}  // namespace

#ifdef HAL_PLAIN_FRAMES

// The sanitizers see each frame as an allocation of its own.
void* allocate_frame(std::size_t size) {
  void* const frame = ::operator new(size);
  balance.add(1);
  return frame;
}
void free_frame(void* frame, std::size_t) noexcept {
  balance.add(-1);
  ::operator delete(frame);
}

#else

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  balance.add(1);  // not taken back when there is no memory: the process ends then
  if (index >= kClasses) return ::operator new(size);
  FreeFrame*& list = pool.lists[index];
  if (list == nullptr) return ::operator new((index + 1) * kStep);
  --pool.sizes[index];
  return std::exchange(list, list->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  balance.add(-1);
  if (index >= kClasses || pool.sizes[index] >= kKeptFramesMax) {
    ::operator delete(frame);
    return;
  }
  ++pool.sizes[index];
  pool.lists[index] = ::new (frame) FreeFrame{pool.lists[index]};
}

#endif

std::int64_t live_frames() noexcept { return FrameBalance::sum(); }

}  // namespace hal::detail
