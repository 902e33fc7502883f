#include <hal/service/layer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/service/drain.hpp>
#include <hal/service/testing/test_call.hpp>

#include <string>

namespace hal::service {
namespace {

using ::testing::ElementsAre;
using testing::TestTerminal;

class Noting final : public Layer {
 public:
  Noting(std::string name, std::vector<std::string>& notes) : name_{name}, notes_{notes} {}
  Task<> handle(Call& call, Next next) const override {
    notes_.push_back(name_ + " before");
    co_await next(call);
    notes_.push_back(name_ + " after " + call.status.to_string());
  }

 private:
  const std::string name_;
  std::vector<std::string>& notes_;
};

class Refusing final : public Layer {
 public:
  Task<> handle(Call& call, Next) const override {
    call.status = {Code::kPermissionDenied, "no"};
    co_return;
  }
};

class Twice final : public Layer {
 public:
  Task<> handle(Call& call, Next next) const override {
    co_await next(call);
    co_await next(call);
  }
};

int run(const Layers& layers, Call& call) {
  TestTerminal terminal;
  EXPECT_TRUE(hal::testing::run(testing::run_call_body, &layers, &terminal, &call));
  return terminal.calls;
}

TEST(Layer, RunsOutermostFirst) {
  std::vector<std::string> notes;
  Call call;
  EXPECT_EQ(run({std::make_shared<Noting>("a", notes), std::make_shared<Noting>("b", notes)}, call),
            1);
  EXPECT_THAT(notes, ElementsAre("a before", "b before", "b after OK", "a after OK"));
}

TEST(Layer, NoLayersIsTheTerminalAlone) {
  Call call;
  EXPECT_EQ(run({}, call), 1);
}

TEST(Layer, MayAnswerItself) {
  std::vector<std::string> notes;
  Call call;
  EXPECT_EQ(run({std::make_shared<Noting>("a", notes), std::make_shared<Refusing>(),
                 std::make_shared<Noting>("b", notes)},
                call),
            0);
  EXPECT_THAT(notes, ElementsAre("a before", "a after PERMISSION_DENIED: no"));
}

TEST(Layer, MayCallTheRestAgain) {
  Call call;
  EXPECT_EQ(run({std::make_shared<Twice>(), std::make_shared<Twice>()}, call), 4);
}

Task<Result<>> note_drained(Drain* drain, int* drained) {
  co_await or_return(drain->wait());
  ++*drained;
  co_return Result<>{};
}

Task<Result<>> start_later(Scope& scope, Drain* drain, int* drained) {
  scope.spawn(note_drained, drain, drained);
  scope.spawn(note_drained, drain, drained);
  EXPECT_EQ(*drained, 0);
  drain->start();
  drain->start();
  co_return co_await note_drained(drain, drained);  // nothing to wait for any more
}

Task<Result<>> drain_in_a_scope(Drain* drain, int* drained) {
  co_return co_await with_scope(start_later, drain, drained);
}

TEST(Drain, WakesAllWhoWait) {
  Drain drain;
  int drained = 0;
  EXPECT_FALSE(drain.started());
  EXPECT_TRUE(hal::testing::run(drain_in_a_scope, &drain, &drained));
  EXPECT_TRUE(drain.started());
  EXPECT_EQ(drained, 3);
}

Task<Result<>> stop_waiting(Scope& scope, Drain* drain, int* drained) {
  scope.spawn(note_drained, drain, drained);
  scope.cancel({Code::kCancelled, "enough"});
  co_return Result<>{};
}

Task<Result<>> stopped_wait(Drain* drain, int* drained) {
  co_return co_await with_scope(stop_waiting, drain, drained);
}

TEST(Drain, WaitEndsWithAStop) {
  Drain drain;
  int drained = 0;
  EXPECT_TRUE(hal::testing::run(stopped_wait, &drain, &drained).has_value());
  EXPECT_EQ(drained, 0);
}

}  // namespace
}  // namespace hal::service
