#include <hal/transport/run_observed.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>

#include <gmock/gmock.h>

#include <stdexcept>

namespace hal::transport {
namespace {

using ::testing::ElementsAre;
using Log = std::vector<std::string>;

struct Observer final : SuspensionObserver {
  explicit Observer(Log& where) : log{where} {}
  void task_suspended() noexcept override { log.push_back("suspended"); }
  Log& log;
};

Task<> at_once(Log* log, const Context* expected) {
  EXPECT_EQ(current_context(), expected) << "a plain function finds the Context from the start";
  log->push_back("ran");
  co_return;
}
Task<> later(Log* log, const Context* expected) {
  (void)co_await sleep(std::chrono::seconds{1});
  EXPECT_EQ(current_context(), expected);
  log->push_back("ran");
}
Task<> throwing(Log*, const Context*) {
  (void)co_await sleep(std::chrono::seconds{1});
  throw std::runtime_error{"boom"};
}

using Function = Task<> (*)(Log*, const Context*);

Task<Result<Log>> observe(Function function) {
  Log log;
  Observer observer{log};
  const Context& outer = co_await this_context();
  Context context = outer;
  try {
    co_await run_observed(function(&log, &context), context, observer);
  } catch (const std::runtime_error& error) {
    log.push_back(error.what());
  }
  EXPECT_EQ(&co_await this_context(), &outer);
  EXPECT_EQ(current_context(), &outer);
  log.push_back("done");
  co_return log;
}

TEST(RunObserved, TellsWhenTheTaskWaits) {
  EXPECT_THAT(*hal::testing::run(observe, &at_once), ElementsAre("ran", "done"));
  EXPECT_THAT(*hal::testing::run(observe, &later), ElementsAre("suspended", "ran", "done"));
  EXPECT_THAT(*hal::testing::run(observe, &throwing), ElementsAre("suspended", "boom", "done"));
}

}  // namespace
}  // namespace hal::transport
