// Memory for one Asio handler at a time, inside the object that starts the operation: no malloc
// per operation. Internal to this module.
#pragma once

#include <cstddef>
#include <new>

namespace hal::net::detail {

class HandlerSlot {
 public:
  HandlerSlot() = default;
  HandlerSlot(const HandlerSlot&) = delete;
  HandlerSlot& operator=(const HandlerSlot&) = delete;

  void* allocate(std::size_t size) {
    if (used_ || size > sizeof bytes_) return ::operator new(size);
    used_ = true;
    return bytes_;
  }
  void deallocate(void* memory) noexcept {
    if (memory == bytes_) {
      used_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  // Asio's largest operation here, a receive with its handler, takes 152 bytes.
  alignas(std::max_align_t) std::byte bytes_[192];
  bool used_ = false;
};

template <class T>
class SlotAllocator {
 public:
  using value_type = T;
  explicit SlotAllocator(HandlerSlot& slot) noexcept : slot_{&slot} {}
  template <class U>
  SlotAllocator(const SlotAllocator<U>& other) noexcept : slot_{other.slot_} {}

  T* allocate(std::size_t count) { return static_cast<T*>(slot_->allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { slot_->deallocate(memory); }

  template <class U>
  bool operator==(const SlotAllocator<U>& other) const noexcept {
    return slot_ == other.slot_;
  }

 private:
  template <class U>
  friend class SlotAllocator;
  HandlerSlot* slot_;
};

/// A handler that calls `(owner->*Function)(arguments...)` and lives in `slot`, a member of owner.
template <auto Function, class Owner>
struct SlotHandler {
  using allocator_type = SlotAllocator<std::byte>;
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type{*slot}; }
  template <class... Arguments>
  void operator()(const Arguments&... arguments) const {
    (owner->*Function)(arguments...);
  }
  Owner* owner;
  HandlerSlot* slot;
};

}  // namespace hal::net::detail
