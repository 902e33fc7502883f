#include <hal/async/scope.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>

#include <stdexcept>

namespace hal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Log = std::vector<std::string>;

Task<Result<>> note_later(Duration duration, std::string name, Log* log) {
  const Result<> slept = co_await sleep(duration);
  log->push_back(name + (slept ? "" : " stopped: " + slept.error().message()));
  co_return slept;
}
Task<> note_void(std::string name, Log* log) {
  static_cast<void>(co_await sleep(1s));
  log->push_back(name);
}
Task<Result<>> fail_later(Duration duration, std::string why) {
  co_await or_return(co_await sleep(duration));
  co_return error(Code::kDataLoss, why);
}
Task<Result<>> throw_now(std::string why) {
  throw std::runtime_error{why};
  co_return Result<>{};
}

// Runs `function` as the function of a scope.
template <class T>
Task<Result<T>> in_scope(Task<Result<T>> (*function)(Scope&, Log*), Log* log) {
  auto result = co_await with_scope(function, log);
  log->push_back("joined");
  co_return result;
}

Task<Result<int>> spawn_two(Scope& scope, Log* log) {
  scope.spawn(note_later, 2s, std::string{"two"}, log);
  scope.spawn(note_void, std::string{"one"}, log);
  EXPECT_EQ(scope.active(), 2);
  log->push_back("body");
  co_return 7;
}

TEST(Scope, JoinsItsChildrenBeforeItReturnsTheValue) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, spawn_two, &log), 7);
  EXPECT_THAT(log, ElementsAre("body", "one", "two", "joined"));
}

Task<Result<int>> fail_with_children(Scope& scope, Log* log) {
  scope.spawn(note_later, 1h, std::string{"child"}, log);
  co_return error(Code::kAborted, "body failed");
}

TEST(Scope, AFailingFunctionStopsTheChildren) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, fail_with_children, &log).error().message(), "body failed");
  EXPECT_THAT(log, ElementsAre("child stopped: body failed", "joined"));
}

Task<Result<int>> throw_with_children(Scope& scope, Log* log) {
  scope.spawn(note_later, 1h, std::string{"child"}, log);
  throw std::runtime_error{"body threw"};
  co_return 1;
}

TEST(Scope, AnExceptionPassesAfterJoining) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, throw_with_children, &log).error().to_string(),
            "INTERNAL: unexpected exception: body threw");
  EXPECT_THAT(log, ElementsAre("child stopped: the scope's function threw"));
}

Task<Result<int>> wait_beside_failure(Scope& scope, Log* log) {
  scope.spawn(note_later, 1h, std::string{"sibling"}, log);
  scope.spawn(fail_later, 1s, std::string{"child failed"});
  co_await or_return(note_later(1h, "body", log));
  co_return 1;
}

TEST(Scope, AFailingChildStopsSiblingsAndFunction) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, wait_beside_failure, &log).error().to_string(),
            "DATA_LOSS: child failed");
  EXPECT_THAT(log, ::testing::UnorderedElementsAre("sibling stopped: child failed",
                                                   "body stopped: child failed", "joined"));
}

Task<Result<int>> translate_the_failure(Scope& scope, Log* log) {
  scope.spawn(fail_later, 1s, std::string{"child failed"});
  const Result<> waited = co_await note_later(1h, "body", log);
  co_return error(Code::kAborted, "because " + waited.error().message());
}

TEST(Scope, TheFirstErrorIsTheResult) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, translate_the_failure, &log).error().to_string(),
            "DATA_LOSS: child failed");
}

Task<Result<int>> succeed_beside_throwing_child(Scope& scope, Log*) {
  scope.spawn(throw_now, std::string{"child threw"});
  co_return 1;
}

TEST(Scope, AChildsExceptionIsInternal) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, succeed_beside_throwing_child, &log).error().to_string(),
            "INTERNAL: unexpected exception: child threw");
}

Task<Result<int>> spawn_in_cancelled(Scope& scope, Log* log) {
  scope.cancel({Code::kCancelled, "enough"});
  scope.spawn(note_later, 1h, std::string{"late"}, log);
  co_return 1;
}

TEST(Scope, WhatIsSpawnedAfterCancelIsStopped) {
  Log log;
  static_cast<void>(testing::run(in_scope<int>, spawn_in_cancelled, &log));
  EXPECT_THAT(log, ElementsAre("late stopped: enough", "joined"));
}

Task<Result<>> spawn_grandchildren(Scope* scope, int depth, Log* log) {
  log->push_back("depth " + std::to_string(depth));
  if (depth > 0) scope->spawn(spawn_grandchildren, scope, depth - 1, log);
  co_return Result<>{};
}
Task<Result<int>> spawn_from_children(Scope& scope, Log* log) {
  scope.spawn(spawn_grandchildren, &scope, 3, log);
  co_return 1;
}

TEST(Scope, ChildrenMaySpawn) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, spawn_from_children, &log), 1);
  EXPECT_THAT(log, ElementsAre("depth 3", "depth 2", "depth 1", "depth 0", "joined"));
}

Task<Result<>> check_child_context(const Context* outer, Log* log) {
  EXPECT_NE(current_context(), outer) << "a plain function finds the child's, from the start";
  const Context& own = co_await this_context();
  EXPECT_NE(&own, outer);
  EXPECT_EQ(own.loop, outer->loop);
  EXPECT_EQ(own.deadline, outer->deadline);
  EXPECT_EQ(current_context(), &own);
  co_await or_return(co_await sleep(1s));
  EXPECT_EQ(current_context(), &own);
  log->push_back("checked");
  co_return Result<>{};
}
Task<Result<int>> check_contexts(Scope& scope, Log* log) {
  const Context* const own = &co_await this_context();
  EXPECT_EQ(own, &scope.context());
  scope.spawn(check_child_context, own, log);
  EXPECT_EQ(current_context(), own) << "starting a child gives the Context back";
  co_return 1;
}

TEST(Scope, EachChildHasACopyOfTheContext) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, check_contexts, &log), 1);
  EXPECT_THAT(log, ElementsAre("checked", "joined"));
}

Task<Result<>> take_ownership(std::unique_ptr<int> value, Log* log) {
  co_await or_return(co_await sleep(1s));
  log->push_back(std::to_string(*value));
  co_return Result<>{};
}
Task<Result<int>> spawn_with_move_only(Scope& scope, Log* log) {
  scope.spawn(take_ownership, std::make_unique<int>(42), log);
  co_return 1;
}

TEST(Scope, ChildrenOwnTheirArguments) {
  Log log;
  EXPECT_EQ(testing::run(in_scope<int>, spawn_with_move_only, &log), 1);
  EXPECT_THAT(log, ElementsAre("42", "joined"));
}

TEST(ScopeDeathTest, IsJoinedBeforeItEnds) {
  EXPECT_DEATH(
      {
        testing::ManualLoop loop;
        Log log;
        Scope scope{Context{.loop = &loop}};
        scope.spawn(note_void, std::string{"lost"}, &log);
      },
      "a scope is joined before it ends");
}

Task<Result<>> sleeps_for_long() { co_return co_await sleep(std::chrono::hours{1}); }

Task<Result<>> ends_its_scope(Scope& scope) {
  scope.spawn(sleeps_for_long);
  scope.cancel({Code::kCancelled, "done"});
  co_return Result<>{};
}

TEST(WithScope, ChildrenThatItsOwnerEndedAreNoFailure) {
  EXPECT_TRUE(testing::run([] { return with_scope(ends_its_scope); }).has_value());
}

Task<> note_span(SpanContext* seen) { *seen = (co_await this_context()).span; }

Task<Result<>> spawns_inside_a_span(Scope& scope, Scope* other, SpanContext* own,
                                    SpanContext* foreign) {
  // What a span guard does: a changed Context in place for the rest of the coroutine.
  auto& promise = co_await detail::this_promise();
  Context inside = promise.context();
  inside.span.span_id = *SpanId::from_hex("7");
  promise.use_context(inside);
  scope.spawn(note_span, own);
  other->spawn(note_span, foreign);
  co_return Result<>{};
}

Task<Result<>> spawns_in_two_scopes(SpanContext* own, SpanContext* foreign) {
  Scope other{co_await this_context()};
  auto result = co_await with_scope(spawns_inside_a_span, &other, own, foreign);
  co_await other.join();
  co_return result;
}

TEST(Scope, ChildrenRunInsideTheSpanOfTheScopesOwnCodeOnly) {
  SpanContext own;
  SpanContext foreign;
  ASSERT_TRUE(testing::run(spawns_in_two_scopes, &own, &foreign).has_value());
  EXPECT_EQ(own.span_id.hex(), "0000000000000007");
  EXPECT_FALSE(foreign.span_id.valid());
}

}  // namespace
}  // namespace hal
