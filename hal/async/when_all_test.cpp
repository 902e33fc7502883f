#include <hal/async/when_all.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>

#include <span>

namespace hal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Task<Result<int>> number_after(Duration duration, int number) {
  co_await or_return(co_await sleep(duration));
  if (number < 0) co_return error(Code::kOutOfRange, "below zero: " + std::to_string(number));
  co_return number;
}
Task<Result<std::unique_ptr<int>>> boxed(int number) {
  co_return std::make_unique<int>(co_await or_return(number_after(1s, number)));
}

Task<Result<std::string>> two_at_once() {
  auto [number, box] = co_await or_return(when_all(number_after(2s, 1), boxed(2)));
  co_return std::to_string(number) + "+" + std::to_string(*box);
}

TEST(WhenAll, RunsAllAtOnceAndReturnsTheValues) {
  testing::ManualLoop loop;
  const TimePoint start = loop.now();
  EXPECT_EQ(block_on(loop, two_at_once), "1+2");
  EXPECT_EQ(loop.now(), start + 2s);
}

Task<Result<std::string>> one_fails() {
  co_await or_return(when_all(number_after(1h, 1), number_after(1s, -1), number_after(2s, -2)));
  co_return "not reached";
}

TEST(WhenAll, TheFirstErrorStopsTheOthers) {
  testing::ManualLoop loop;
  const TimePoint start = loop.now();
  EXPECT_EQ(block_on(loop, one_fails).error().message(), "below zero: -1");
  EXPECT_EQ(loop.now(), start + 1s);
}

Task<Result<std::string>> nested() {
  auto [all, one] = co_await or_return(
      when_all(when_all(number_after(1s, 1), number_after(1s, 2)), number_after(1s, 3)));
  co_return std::to_string(std::get<0>(all) + std::get<1>(all) + one);
}

TEST(WhenAll, Nests) { EXPECT_EQ(testing::run(nested), "6"); }

Task<Result<int>> slower_for_smaller(int number) {
  co_return co_await number_after(std::chrono::seconds{10 - number}, number);
}
Task<Result<std::vector<int>>> each_of(std::vector<int> numbers) {
  co_return co_await when_all(std::move(numbers), slower_for_smaller);
}

TEST(WhenAllOfARange, KeepsTheRangesOrder) {
  testing::ManualLoop loop;
  const TimePoint start = loop.now();
  EXPECT_THAT(*block_on(loop, each_of, std::vector{1, 3, 2}), ElementsAre(1, 3, 2));
  EXPECT_EQ(loop.now(), start + 9s);
}

TEST(WhenAllOfARange, NothingIsDoneForAnEmptyOne) {
  EXPECT_THAT(*testing::run(each_of, std::vector<int>{}), ElementsAre());
}

TEST(WhenAllOfARange, TheFirstErrorIsTheResult) {
  EXPECT_EQ(testing::run(each_of, std::vector{1, -5, 2, -3}).error().message(), "below zero: -3");
}

Task<Result<int>> unbox(std::unique_ptr<int> box) { co_return *box; }
Task<Result<std::vector<int>>> unbox_all() {
  std::vector<std::unique_ptr<int>> boxes;
  for (const int number : {4, 5}) boxes.push_back(std::make_unique<int>(number));
  co_return co_await when_all(std::move(boxes), unbox);
}

TEST(WhenAllOfARange, MovesTheItems) { EXPECT_THAT(*testing::run(unbox_all), ElementsAre(4, 5)); }

Task<Result<std::string>> take_text(std::string text) { co_return text; }
Task<Result<std::vector<std::string>>> over_a_view(std::span<std::string> texts) {
  co_return co_await when_all(texts, take_text);
}

TEST(WhenAllRange, LeavesTheElementsOfAViewAlone) {
  std::vector<std::string> texts{"one", "two"};
  const auto taken = testing::run(over_a_view, std::span{texts});
  EXPECT_EQ(taken, texts);
  EXPECT_THAT(texts, ElementsAre("one", "two"));
}

}  // namespace
}  // namespace hal
