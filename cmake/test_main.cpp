// main() of every unit test program. Tests read testdata/ by paths relative to the source folder,
// which keeps the folder's own name out of every object file. A test that leaves a coroutine behind
// fails.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace hal::detail {
// Weak: null in the tests of modules that have no coroutines.
[[gnu::weak]] std::int64_t live_frames() noexcept;
}  // namespace hal::detail

namespace {

std::int64_t frames_alive() {
  return hal::detail::live_frames == nullptr ? 0 : hal::detail::live_frames();
}

/// Compares the coroutine frames alive before and after each test.
class FrameCheck final : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo&) override { before_ = frames_alive(); }
  void OnTestEnd(const testing::TestInfo& test) override {
    const std::int64_t left = frames_alive() - before_;
    if (left == 0) return;
    ADD_FAILURE() << test.test_suite_name() << '.' << test.name() << " leaves " << left
                  << " coroutine frame(s) behind";
  }

 private:
  std::int64_t before_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  if (chdir(HAL_SOURCE_DIR) != 0) {
    std::perror(HAL_SOURCE_DIR);
    return 1;
  }
  testing::UnitTest::GetInstance()->listeners().Append(new FrameCheck);
  const int result = RUN_ALL_TESTS();
  if (frames_alive() == 0) return result;
  std::fprintf(stderr, "%lld coroutine frame(s) are alive at the end\n",
               static_cast<long long>(frames_alive()));
  return 1;
}
