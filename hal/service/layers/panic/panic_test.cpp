#include <hal/service/layers/panic/panic.hpp>

#include <gtest/gtest.h>

#include <hal/async/wait_queue.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/testing/test_call.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <stdexcept>

namespace hal::layers {
namespace {

using namespace std::chrono_literals;
using service::Call;
using service::testing::TestTerminal;

Task<> throws(Call& call) {
  call.http_status = 200;
  co_await sleep(1ms);
  throw std::runtime_error{"the password is hunter2"};
}

Task<> throws_a_number(Call&) {
  throw 7;
  co_return;
}

Task<> answers(Call& call) {
  call.status = {Code::kNotFound, "no such user"};
  call.http_status = 404;
  co_return;
}

Task<Result<>> twice(const service::Layers* layers, TestTerminal* terminal, Call* call) {
  co_await service::testing::run_call(*layers, *terminal, *call);
  EXPECT_FALSE((co_await this_context()).span.valid());
  co_await service::testing::run_call(*layers, *terminal, *call);
  co_return Result<>{};
}

class PanicTest : public ::testing::Test {
 protected:
  /// The layers every server has.
  Call run(TestTerminal::Function handler) {
    Call call{.method = "GET", .path = "/login", .route = "/login", .request_headers = &in_};
    TestTerminal terminal{std::move(handler)};
    EXPECT_TRUE(telemetry::testing::run_traced(tracer_, twice, &layers_, &terminal, &call));
    EXPECT_EQ(terminal.calls, 2);
    return call;
  }

  const telemetry::testing::CapturedLogs logs_;
  telemetry::testing::ManualClock clock_;
  telemetry::Tracer tracer_{telemetry::testing::test_options(clock_)};
  Headers in_;
  const service::Layers layers_{std::make_shared<ServerTrace>(TraceOptions{}),
                                std::make_shared<ServerDeadline>(), std::make_shared<Panic>()};
};

TEST_F(PanicTest, TellsTheCallerNothingAndTheLogEverything) {
  const Call call = run(throws);
  EXPECT_EQ(call.status, (Status{Code::kInternal, "internal error"}));
  EXPECT_EQ(call.http_status, 0);
  const auto spans = telemetry::testing::take_spans(tracer_);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].status, telemetry::SpanStatus::kError);
  EXPECT_EQ(spans[0].status_message, "internal error");
  EXPECT_EQ(spans[0].attributes.at("error.type"), "500");
  ASSERT_EQ(logs_.count("handler of /login threw"), 2u);
  EXPECT_EQ(logs_.count("the password is hunter2"), 2u);
  EXPECT_EQ(logs_.count(spans[0].span_id), 1u);  // the line belongs to the call's span
}

TEST_F(PanicTest, StopsWhatIsNoStdException) {
  EXPECT_EQ(run(throws_a_number).status.code(), Code::kInternal);
  EXPECT_EQ(logs_.count("unknown type"), 2u);
}

TEST_F(PanicTest, LeavesFailuresOfTheHandlerAlone) {
  const Call call = run(answers);
  EXPECT_EQ(call.status, (Status{Code::kNotFound, "no such user"}));
  EXPECT_EQ(call.http_status, 404);
  EXPECT_TRUE(logs_.lines().empty());
}

}  // namespace
}  // namespace hal::layers
