// Spans in coroutines: who is whose parent, and what plain functions see.
#include <hal/telemetry/span.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/when_all.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <stdexcept>

namespace hal::telemetry {
namespace {

using namespace std::chrono_literals;

class SpanTest : public ::testing::Test {
 protected:
  /// Runs the coroutine and returns the recorded spans.
  std::vector<testing::DecodedSpan> run(auto function) {
    const auto result = testing::run_traced(tracer_, function);
    EXPECT_TRUE(result) << result.error().to_string();
    return testing::take_spans(tracer_);
  }
  static std::string parent_name(const std::vector<testing::DecodedSpan>& spans,
                                 std::string_view name) {
    const auto& child = testing::find(spans, name);
    for (const auto& span : spans) {
      EXPECT_EQ(span.trace_id, child.trace_id);
      if (span.span_id == child.parent_id) return span.name;
    }
    return child.parent_id.empty() ? "" : "missing";
  }

  testing::ManualClock clock_;
  Tracer tracer_{testing::test_options(clock_)};
};

SpanId seen_by_plain_functions() {
  const Context* const context = current_context();
  return context == nullptr ? SpanId{} : context->span.span_id;
}

Task<Result<>> leaf(std::string name) {
  auto span = co_await start_span(name, {{"kind", "function"}});
  EXPECT_EQ(seen_by_plain_functions(), span.context().span_id);
  co_await or_return(co_await sleep(1ms));
  EXPECT_EQ(seen_by_plain_functions(), span.context().span_id);
  co_return Result<>{};
}

Task<Result<>> nested() {
  const SpanId outside = seen_by_plain_functions();
  EXPECT_FALSE(outside.valid());
  {
    auto outer = co_await hal::start_span("outer");
    co_await or_return(leaf("first"));
    {
      auto inner = co_await start_span({.name = "inner", .kind = Kind::kClient});
      co_await or_return(leaf("second"));
    }
    EXPECT_EQ(seen_by_plain_functions(), outer.context().span_id);
    co_await or_return(leaf("third"));
  }
  EXPECT_EQ(seen_by_plain_functions(), outside);
  EXPECT_FALSE((co_await this_context()).span.valid());
  co_return Result<>{};
}

TEST_F(SpanTest, NestAsTheirScopesDo) {
  const auto spans = run(nested);
  ASSERT_EQ(spans.size(), 5u);
  EXPECT_EQ(parent_name(spans, "outer"), "");
  EXPECT_EQ(parent_name(spans, "first"), "outer");
  EXPECT_EQ(parent_name(spans, "inner"), "outer");
  EXPECT_EQ(parent_name(spans, "second"), "inner");
  EXPECT_EQ(parent_name(spans, "third"), "outer");
  EXPECT_EQ(testing::find(spans, "first").attributes.at("kind"), "function");
  EXPECT_EQ(testing::find(spans, "inner").kind, Kind::kClient);
}

Task<Result<int>> ends_early(std::string name) {
  auto span = co_await start_span(name);
  auto second = co_await start_span(name + ".second");
  co_await or_return(co_await sleep(1ms));
  co_await or_return(Result<>{error(Code::kNotFound, "nothing there")});
  co_return 1;
}

Task<Result<int>> passes_on(std::string name) {
  auto span = co_await start_span(name);
  co_return co_await or_return(ends_early(name + ".inner"));
}

Task<Result<>> around_early_ends() {
  auto outer = co_await start_span("outer");
  const auto result = co_await ends_early("a");
  EXPECT_FALSE(result);
  EXPECT_EQ(seen_by_plain_functions(), outer.context().span_id);
  const auto deeper = co_await passes_on("b");
  EXPECT_FALSE(deeper);
  EXPECT_EQ(seen_by_plain_functions(), outer.context().span_id);
  EXPECT_EQ((co_await this_context()).span, outer.context());
  co_await or_return(leaf("after"));
  co_return Result<>{};
}

TEST_F(SpanTest, SurviveAnEarlyEndByOrReturn) {
  const auto spans = run(around_early_ends);
  ASSERT_EQ(spans.size(), 7u);
  EXPECT_EQ(parent_name(spans, "a"), "outer");
  EXPECT_EQ(parent_name(spans, "a.second"), "a");
  EXPECT_EQ(parent_name(spans, "b"), "outer");
  EXPECT_EQ(parent_name(spans, "b.inner"), "b");
  EXPECT_EQ(parent_name(spans, "b.inner.second"), "b.inner");
  EXPECT_EQ(parent_name(spans, "after"), "outer");
}

Task<Result<>> throws() {
  auto span = co_await start_span("throws");
  throw std::runtime_error{"no"};
}

Task<Result<>> catches() {
  auto outer = co_await start_span("outer");
  try {
    co_await or_return(throws());
  } catch (const std::runtime_error&) {
    EXPECT_EQ(seen_by_plain_functions(), outer.context().span_id);
  }
  co_await or_return(leaf("after"));
  co_return Result<>{};
}

TEST_F(SpanTest, SurviveAnException) {
  const auto spans = run(catches);
  EXPECT_EQ(parent_name(spans, "throws"), "outer");
  EXPECT_EQ(parent_name(spans, "after"), "outer");
}

Task<Result<int>> work(std::string name, Duration first, Duration second) {
  auto span = co_await start_span(name);
  co_await or_return(co_await sleep(first));
  EXPECT_EQ(seen_by_plain_functions(), span.context().span_id);
  {
    auto inner = co_await start_span(name + ".inner");
    co_await or_return(co_await sleep(second));
    EXPECT_EQ(seen_by_plain_functions(), inner.context().span_id);
  }
  co_await or_return(leaf(name + ".leaf"));
  EXPECT_EQ((co_await this_context()).span, span.context());
  co_return 1;
}

Task<Result<>> concurrently() {
  auto outer = co_await start_span("outer");
  co_await or_return(when_all(work("a", 1ms, 5ms), work("b", 2ms, 2ms)));
  EXPECT_EQ(seen_by_plain_functions(), outer.context().span_id);
  co_return Result<>{};
}

TEST_F(SpanTest, OfConcurrentWorkDoNotLeakIntoEachOther) {
  const auto spans = run(concurrently);
  ASSERT_EQ(spans.size(), 7u);
  for (const std::string name : {"a", "b"}) {
    EXPECT_EQ(parent_name(spans, name), "outer");
    EXPECT_EQ(parent_name(spans, name + ".inner"), name);
    EXPECT_EQ(parent_name(spans, name + ".leaf"), name);
  }
}

Task<Result<>> spawns(Scope& scope) {
  auto inside = co_await start_span("inside");
  scope.spawn(leaf, std::string{"child"});  // inside the span that is current here
  co_await or_return(leaf("awaited"));
  co_return Result<>{};
}

Task<Result<>> in_a_scope() {
  auto outer = co_await start_span("outer");
  co_await or_return(with_scope(spawns));
  EXPECT_EQ((co_await this_context()).span, outer.context());
  co_return Result<>{};
}

TEST_F(SpanTest, SpawnedWorkIsAChildOfTheSpanThatSpawnsIt) {
  const auto spans = run(in_a_scope);
  ASSERT_EQ(spans.size(), 4u);
  EXPECT_EQ(parent_name(spans, "inside"), "outer");
  EXPECT_EQ(parent_name(spans, "child"), "inside");
  EXPECT_EQ(parent_name(spans, "awaited"), "inside");
}

Task<Result<>> stopped() {
  auto outer = co_await start_span("outer");
  const auto result = co_await timeout(1s, work("slow", 5s, 5s));
  EXPECT_EQ(result.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(seen_by_plain_functions(), outer.context().span_id);
  co_return Result<>{};
}

TEST_F(SpanTest, OfStoppedWorkEndAndAreRecorded) {
  const auto spans = run(stopped);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(parent_name(spans, "slow"), "outer");
}

Task<Result<>> set_everything() {
  auto span = co_await start_span("n");
  EXPECT_TRUE(span.recording());
  span.set_name("renamed");
  span.set_attribute("k", 1);
  span.add_event("e");
  span.set_status(SpanStatus::kError, "why");
  span.end();
  EXPECT_EQ(seen_by_plain_functions(), span.context().span_id);  // until the object ends
  co_return Result<>{};
}

TEST_F(SpanTest, PassEverythingToTheRecord) {
  const auto span = run(set_everything).at(0);
  EXPECT_EQ(span.name, "renamed");
  EXPECT_EQ(span.attributes.at("k"), "1");
  EXPECT_EQ(span.events.at(0).name, "e");
  EXPECT_EQ(span.status, SpanStatus::kError);
  EXPECT_EQ(span.status_message, "why");
}

const SpanContext kRemote{.trace_id = *TraceId::from_hex("463ac35c9f6413ad48485a3953bb6124"),
                          .span_id = *SpanId::from_hex("a2fb4a1d1a96d312"),
                          .sampling = Sampling::kAccepted};

Task<Result<SpanContext>> context_inside() {
  auto server =
      co_await start_span({.name = "server", .kind = Kind::kServer, .remote_parent = kRemote});
  auto inner = co_await start_span("inner");
  co_return (co_await this_context()).span;
}

TEST_F(SpanTest, PassTheContextOnInEveryMode) {
  Tracer forward{testing::test_options(clock_, Mode::kForward)};
  EXPECT_EQ(testing::run_traced(forward, context_inside), kRemote);
  EXPECT_EQ(forward.pending(), 0u);
  Tracer off{testing::test_options(clock_, Mode::kOff)};
  EXPECT_EQ(testing::run_traced(off, context_inside), SpanContext{});
  const auto full = testing::run_traced(tracer_, context_inside);
  EXPECT_EQ(full->trace_id, kRemote.trace_id);
  EXPECT_NE(full->span_id, kRemote.span_id);
  EXPECT_EQ(hal::testing::run(context_inside), kRemote);  // no tracer at all
}

}  // namespace
}  // namespace hal::telemetry
