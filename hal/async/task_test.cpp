#include <hal/async/task.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/or_return.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>

#include <stdexcept>

namespace hal {
namespace {

struct Wish {
  std::string name;
  int times = 1;
};

Task<Result<std::string>> greet(Wish wish) {
  co_await or_return(co_await sleep(std::chrono::seconds{1}));
  if (wish.name.empty()) co_return error(Code::kInvalidArgument, "a name is needed");
  std::string text;
  for (int i = 0; i < wish.times; ++i) text += wish.name;
  co_return text;
}

Task<Result<std::string>> greet_twice(std::string first, std::string second) {
  // Aggregate temporaries and initializer lists inside a co_await expression.
  auto a = co_await or_return(greet({.name = first, .times = 2}));
  auto b = co_await or_return(greet({.name = second}));
  co_return a + "+" + b;
}

TEST(Task, ReturnsValuesThroughAwaits) {
  EXPECT_EQ(testing::run(greet_twice, std::string{"a"}, std::string{"b"}), "aa+b");
}

TEST(OrReturn, EndsTheEnclosingCoroutineWithTheStatus) {
  const auto result = testing::run(greet_twice, std::string{"a"}, std::string{});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().to_string(), "INVALID_ARGUMENT: a name is needed");
}

struct Guard {
  explicit Guard(std::vector<std::string>* log) : log_{log} {}
  ~Guard() { log_->push_back("destroyed"); }
  std::vector<std::string>* log_;
};

Task<Result<>> fails_with_guard(std::vector<std::string>* log) {
  Guard guard{log};
  co_await or_return(Result<>{error(Code::kAborted, "no")});
  log->push_back("not reached");
  co_return Result<>{};
}

Task<Result<>> sees_ordinary_result(std::vector<std::string>* log) {
  const Result<> result = co_await fails_with_guard(log);
  log->push_back(result.error().message());
  co_return Result<>{};
}

TEST(OrReturn, ReturnsOnlyFromItsOwnCoroutineAndDestroysItsLocals) {
  std::vector<std::string> log;
  EXPECT_TRUE(testing::run(sees_ordinary_result, &log).has_value());
  EXPECT_THAT(log, ::testing::UnorderedElementsAre("destroyed", "no"));
}

Task<Result<int>> deep(int depth) {
  if (depth == 0) co_return error(Code::kNotFound, "the bottom");
  co_return co_await or_return(deep(depth - 1)) + 1;
}

TEST(OrReturn, PassesThroughManyLevels) {
  EXPECT_EQ(testing::run(deep, 1000).error().message(), "the bottom");
}

Task<int> throws() {
  throw std::runtime_error{"from a library"};
  co_return 1;
}
Task<Result<int>> catches() {
  try {
    co_return co_await throws();
  } catch (const std::runtime_error& caught) {
    co_return error(Code::kInternal, caught.what());
  }
}
Task<Result<int>> does_not_catch() { co_return co_await throws(); }

TEST(Task, PassesExceptionsToItsAwaiter) {
  EXPECT_EQ(testing::run(catches).error().message(), "from a library");
  EXPECT_EQ(testing::run(does_not_catch).error().to_string(),
            "INTERNAL: unexpected exception: from a library");
}

Task<Result<long>> sum(int n) {
  long total = 0;
  for (int i = 0; i < n; ++i) total += (co_await deep(0)).has_value() ? 0 : 1;
  co_return total;
}

TEST(Task, ALoopOfAwaitsUsesNoStack) { EXPECT_EQ(testing::run(sum, 200'000), 200'000); }

const Context* seen_by_plain_function() { return current_context(); }

Task<Result<>> context_is_visible() {
  const Context& context = co_await this_context();
  EXPECT_EQ(seen_by_plain_function(), &context);
  co_await or_return(co_await sleep(std::chrono::seconds{1}));
  EXPECT_EQ(seen_by_plain_function(), &context);
  co_return Result<>{};
}

TEST(Context, PlainFunctionsSeeItWhileTheCoroutineRuns) {
  EXPECT_EQ(seen_by_plain_function(), nullptr);
  EXPECT_TRUE(testing::run(context_is_visible).has_value());
  EXPECT_EQ(seen_by_plain_function(), nullptr);
}

}  // namespace
}  // namespace hal
