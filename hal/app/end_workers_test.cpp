#include <hal/app/end_workers.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/telemetry/span.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <gmock/gmock.h>

namespace hal::app {
namespace {

using namespace std::chrono_literals;

/// Takes batches and says nothing, until it is told to.
class SilentCollector final : public exporter::SpanSender {
 public:
  Task<exporter::Delivery> send(const std::string& /*spans*/) override {
    ++asked;
    while (silent) {
      const auto woken = co_await changed.wait();
      if (!woken) co_return exporter::Delivery{.status = woken.error()};
    }
    co_return exporter::Delivery{.answered = true};
  }
  void go_on() {
    silent = false;
    changed.wake_all();
  }

  std::size_t asked = 0;
  bool silent = true;
  WaitQueue changed;
};

Task<> make_span() {
  auto span = co_await start_span("work");
  co_return;
}

Task<> end(std::deque<WorkerState>* workers, bool* ended) {
  co_await end_workers(workers, 5s);
  *ended = true;
}

class EndWorkersTest : public ::testing::Test {
 protected:
  EndWorkersTest() {
    for (int i = 0; i < 8; ++i) {
      auto& worker = workers_.emplace_back(telemetry::testing::test_options(clock_));
      worker.background.emplace(Context{.loop = &loop_, .tracer = &worker.tracer});
      worker.exporter = std::make_unique<exporter::SpanExporter>(
          exporter::SpanExporterOptions{.timeout = 1h, .flush_max = 1h}, collector_);
      worker.background->spawn(make_span);
    }
    loop_.run_ready();
  }
  std::uint64_t sum(std::uint64_t exporter::SpanExporter::Counters::* counter) const {
    std::uint64_t all = 0;
    for (const auto& worker : workers_) all += worker.exporter->counters().*counter;
    return all;
  }

  const telemetry::testing::CapturedLogs logs_;
  telemetry::testing::ManualClock clock_;
  hal::testing::ManualLoop loop_;
  const std::shared_ptr<SilentCollector> collector_ = std::make_shared<SilentCollector>();
  std::deque<WorkerState> workers_;
  Scope main_{Context{.loop = &loop_}};
  bool ended_ = false;
};

TEST_F(EndWorkersTest, AllFlushAtTheSameTime) {
  main_.spawn(end, &workers_, &ended_);
  loop_.run_ready();
  EXPECT_EQ(collector_->asked, 8U);
  EXPECT_FALSE(ended_);
  collector_->go_on();
  loop_.run_ready();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(sum(&exporter::SpanExporter::Counters::spans_exported), 8U);
}

TEST_F(EndWorkersTest, ASilentCollectorCostsTheProcessOneDeadline) {
  main_.spawn(end, &workers_, &ended_);
  loop_.advance(5s - 1ms);
  EXPECT_FALSE(ended_);
  loop_.advance(1ms);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(sum(&exporter::SpanExporter::Counters::spans_failed), 8U);
}

Task<> work_until_stopped(std::size_t* stopped) {
  while (co_await sleep(1s)) {
  }
  ++*stopped;
}

TEST_F(EndWorkersTest, WhatRunsOnThemIsStoppedAfterwards) {
  std::size_t stopped = 0;
  for (auto& worker : workers_) worker.background->spawn(work_until_stopped, &stopped);
  main_.spawn(end, &workers_, &ended_);
  loop_.run_ready();
  EXPECT_EQ(stopped, 0U) << "the last spans may need it";
  collector_->go_on();
  loop_.run_ready();
  EXPECT_EQ(stopped, 8U);
  EXPECT_TRUE(ended_);
}

}  // namespace
}  // namespace hal::app
