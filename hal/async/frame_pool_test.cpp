#include <hal/async/frame_pool.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>

#include <cstring>
#include <thread>

namespace hal {
namespace {

using detail::allocate_frame;
using detail::free_frame;

TEST(FramePool, GivesAlignedMemoryOfAnySize) {
  std::vector<std::pair<void*, std::size_t>> frames;
  for (std::size_t size = 1; size < 10'000; size = size * 3 / 2 + 1) {
    void* const frame = allocate_frame(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t), 0);
    std::memset(frame, static_cast<int>(size % 256), size);
    frames.emplace_back(frame, size);
  }
  for (const auto& [frame, size] : frames) {
    const auto* const bytes = static_cast<const unsigned char*>(frame);
    EXPECT_TRUE(std::all_of(bytes, bytes + size, [&](auto byte) { return byte == size % 256; }));
    free_frame(frame, size);
  }
}

TEST(FramePool, LiveFramesAreDistinct) {
  std::vector<void*> frames;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3'000; ++i) frames.push_back(allocate_frame(128));
    std::vector<void*> sorted = frames;
    std::ranges::sort(sorted);
    EXPECT_EQ(std::ranges::adjacent_find(sorted), sorted.end());
    for (void* const frame : frames) free_frame(frame, 128);
    frames.clear();
  }
}

TEST(FramePool, AnotherThreadMayFree) {
  std::vector<void*> frames;
  std::thread{[&] {
    for (int i = 0; i < 100; ++i) frames.push_back(allocate_frame(200));
  }}.join();
  for (void* const frame : frames) free_frame(frame, 200);
  void* const again = allocate_frame(200);
  std::thread{[&] { free_frame(again, 200); }}.join();
}

TEST(FramePool, CountsTheFramesOfAllThreads) {
  const std::int64_t before = detail::live_frames();
  std::vector<void*> frames;
  std::thread{[&] {
    for (const std::size_t size : {1U, 200U, 100'000U}) frames.push_back(allocate_frame(size));
    EXPECT_EQ(detail::live_frames(), before + 3);
    free_frame(frames.front(), 1);
  }}.join();
  EXPECT_EQ(detail::live_frames(), before + 2);
  free_frame(frames[1], 200);
  free_frame(frames[2], 100'000);
  EXPECT_EQ(detail::live_frames(), before);
}

// A frame that is freed when the thread's pool has gone already.
struct FreesLate {
  void* frame = nullptr;
  ~FreesLate() { free_frame(frame, 64); }
};
thread_local FreesLate late;

TEST(FramePool, FramesMayOutliveTheThreadsPool) {
  const std::int64_t before = detail::live_frames();
  std::thread{[] {
    late.frame = nullptr;  // made first, so destroyed last
    late.frame = allocate_frame(64);
  }}.join();
  EXPECT_EQ(detail::live_frames(), before);
}

}  // namespace
}  // namespace hal
