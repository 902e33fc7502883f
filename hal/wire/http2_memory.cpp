#include <hal/wire/http2_memory.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace hal::wire::http2 {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAL_PLAIN_BLOCKS 1  // each is an allocation of its own to them
#endif
#endif
#ifdef HAL_PLAIN_BLOCKS
constexpr std::size_t kKeptMax = 0;
#else
/// What fifty requests under way need.
constexpr std::size_t kKeptMax = 64 * 1024;
#endif

}  // namespace

nghttp2_mem Memory::functions() noexcept {
  return {
      .mem_user_data = this,
      .malloc = [](std::size_t size,
                   void* memory) { return static_cast<Memory*>(memory)->allocate(size); },
      .free = [](void* block, void* memory) { static_cast<Memory*>(memory)->release(block); },
      .calloc = [](std::size_t count, std::size_t size, void* memory) -> void* {
        if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
        void* const block = static_cast<Memory*>(memory)->allocate(count * size);
        return block == nullptr ? nullptr : std::memset(block, 0, count * size);
      },
      .realloc = [](void* block, std::size_t size,
                    void* memory) { return static_cast<Memory*>(memory)->resize(block, size); }};
}

void* Memory::allocate(std::size_t size) noexcept {
  const bool pooled = size <= kPooledMax;
  // No block is empty: what is kept is counted by its bytes.
  const std::size_t index = std::max<std::size_t>(1, (size + kStep - 1) / kStep);
  Head* head = pooled ? free_[index] : nullptr;
  if (head != nullptr) {
    free_[index] = head->next;
    kept_ -= head->size;
    return head + 1;
  }
  if (size > std::numeric_limits<std::size_t>::max() - sizeof(Head) - kStep) return nullptr;
  const std::size_t rounded = pooled ? index * kStep : size;
  head = static_cast<Head*>(std::malloc(sizeof(Head) + rounded));
  if (head == nullptr) return nullptr;
  head->size = rounded;
  return head + 1;
}

void Memory::release(void* block) noexcept {
  if (block == nullptr) return;
  Head* const head = static_cast<Head*>(block) - 1;
  if (head->size > kPooledMax || kept_ + head->size > kKeptMax) {
    std::free(head);
    return;
  }
  Head*& first = free_[head->size / kStep];
  head->next = first;
  first = head;
  kept_ += head->size;
}

void* Memory::resize(void* block, std::size_t size) noexcept {
  if (block == nullptr) return allocate(size);
  const std::size_t before = (static_cast<Head*>(block) - 1)->size;
  if (size <= before) return block;
  void* const larger = allocate(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, before);
  release(block);
  return larger;
}

void Memory::trim(std::size_t bytes) noexcept {
  for (Head*& first : free_) {
    while (first != nullptr && kept_ > bytes) {
      Head* const head = first;
      first = head->next;
      kept_ -= head->size;
      std::free(head);
    }
  }
}

}  // namespace hal::wire::http2
