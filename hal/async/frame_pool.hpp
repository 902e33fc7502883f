// Memory for coroutine frames: free lists per thread, so that a frame costs no malloc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hal::detail {

/// At least `size` bytes, aligned for any type. Throws std::bad_alloc.
[[nodiscard]] void* allocate_frame(std::size_t size);
/// `size` as given to allocate_frame. Any thread may free what another allocated.
void free_frame(void* frame, std::size_t size) noexcept;

/// Frames that are allocated and not freed, of all threads together: how tests find a coroutine
/// that nobody destroyed. Exact while no other thread runs coroutines.
[[nodiscard]] std::int64_t live_frames() noexcept;

}  // namespace hal::detail
