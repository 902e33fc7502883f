#include <hal/async/frame_pool.hpp>

#include <array>
#include <cstdint>
#include <new>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAL_PLAIN_FRAMES 1
#endif
#endif

namespace hal::detail {
namespace {

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
void* allocate_frame(std::size_t size) { return ::operator new(size); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#else

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= kClasses) return ::operator new(size);
  FreeFrame*& list = pool.lists[index];
  if (list == nullptr) return ::operator new((index + 1) * kStep);
  --pool.sizes[index];
  return std::exchange(list, list->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (index >= kClasses || pool.sizes[index] >= kKeptFramesMax) {
    ::operator delete(frame);
    return;
  }
  ++pool.sizes[index];
  pool.lists[index] = ::new (frame) FreeFrame{pool.lists[index]};
}

#endif

}  // namespace hal::detail
