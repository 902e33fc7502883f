// Which calls are sent again, where to, how often; and which never.
#include <hal/rpc/testing/fake_node.hpp>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;
using testing::Behaviour;

class RpcRetryTest : public testing::NodesTest {
 protected:
  int requests() const { return nodes[0]->requests + nodes[1]->requests; }
  void connect_to(std::size_t count) {
    start(count);
    ASSERT_EQ(call(), Status{});
    host.manual_loop().run_ready();
    for (auto& node : nodes) {
      node->requests = 0;
      node->attempts_seen.clear();
    }
  }
};

TEST_F(RpcRetryTest, a_safe_call_goes_on_at_another_node_when_its_own_dies) {
  connect_to(2);
  nodes[0]->behaviour = nodes[1]->behaviour = Behaviour::kHold;
  begin(40, {.idempotent = true});
  const int lost = nodes[0]->open;
  ASSERT_GT(lost, 10);
  nodes[0]->kill();
  nodes[1]->release();
  advance(1s);
  EXPECT_EQ(outcomes.ok, 40);
  EXPECT_TRUE(outcomes.failures.empty());
  EXPECT_EQ(nodes[1]->requests, 40);
  EXPECT_EQ(std::ranges::count(nodes[1]->attempts_seen, "1"), lost);
}

TEST_F(RpcRetryTest, a_call_that_is_not_safe_is_never_sent_twice) {
  connect_to(2);
  nodes[0]->behaviour = nodes[1]->behaviour = Behaviour::kHold;
  begin(40);
  const int lost = nodes[0]->open;
  nodes[0]->kill();
  nodes[1]->release();
  advance(1s);
  EXPECT_EQ(outcomes.failures.size(), static_cast<std::size_t>(lost));
  EXPECT_EQ(requests(), 40);
  nodes[1]->behaviour = Behaviour::kUnavailable;
  EXPECT_EQ(call().code(), Code::kUnavailable);
  EXPECT_EQ(requests(), 41);
}

TEST_F(RpcRetryTest, a_request_that_has_not_left_is_sent_again_whatever_it_is) {
  connect_to(2);
  host.memory().cut(41000);  // which the client learns after the calls have begun
  for (int i = 0; i < 20; ++i) {
    host.background().spawn(testing::call_once, &client(), CallOptions{}, &outcomes);
  }
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 20);
  EXPECT_EQ(requests(), 20);
}

TEST_F(RpcRetryTest, three_attempts_and_the_server_s_own_status) {
  connect_to(1);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  const Status status = call({.idempotent = true});
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(nodes[0]->requests, 3);
  EXPECT_EQ(nodes[0]->attempts_seen, (std::vector<std::string>{"", "1", "2"}));
}

TEST_F(RpcRetryTest, the_channel_may_say_it_for_all_its_calls) {
  options.idempotent = true;
  connect_to(1);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  EXPECT_EQ(call().code(), Code::kUnavailable);
  EXPECT_EQ(nodes[0]->requests, 3);
}

TEST_F(RpcRetryTest, the_other_node_is_asked_first) {
  connect_to(2);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  for (int i = 0; i < 50; ++i) ASSERT_EQ(call({.idempotent = true}), Status{});
  EXPECT_EQ(nodes[1]->requests, 50);
  EXPECT_GT(nodes[0]->requests, 10);
}

TEST_F(RpcRetryTest, other_failures_are_final) {
  connect_to(1);
  nodes[0]->behaviour = Behaviour::kReset;
  EXPECT_EQ(call({.idempotent = true}).code(), Code::kCancelled);
  EXPECT_EQ(nodes[0]->requests, 1);
}

TEST_F(RpcRetryTest, an_outage_uses_up_the_budget) {
  options.retry.tokens_max = 20;
  connect_to(1);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(call({.idempotent = true}).code(), Code::kUnavailable);
  EXPECT_LE(nodes[0]->requests, 110);
  EXPECT_GE(nodes[0]->requests, 106);
  nodes[0]->behaviour = Behaviour::kAnswer;
  for (int i = 0; i < 150; ++i) ASSERT_EQ(call(), Status{});
  nodes[0]->behaviour = Behaviour::kUnavailable;
  nodes[0]->requests = 0;
  EXPECT_EQ(call({.idempotent = true}).code(), Code::kUnavailable);
  EXPECT_EQ(nodes[0]->requests, 3) << "filled again";
}

TEST_F(RpcRetryTest, retries_keep_the_deadline) {
  options.retry.base = options.retry.max = 1h;
  connect_to(1);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  const TimePoint before = host.loop().now();
  const Status status = call({.timeout = 1s, .idempotent = true});
  EXPECT_EQ(status.code(), Code::kUnavailable) << "says more than a deadline";
  EXPECT_EQ(host.loop().now(), before);
}

TEST_F(RpcRetryTest, the_server_says_when_to_come_again) {
  connect_to(1);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  nodes[0]->trailers = {{"grpc-retry-pushback-ms", "2000"}};
  const TimePoint before = host.loop().now();
  EXPECT_EQ(call({.timeout = 1min, .idempotent = true}).code(), Code::kUnavailable);
  EXPECT_EQ(host.loop().now() - before, 4s);
  nodes[0]->requests = 0;
  nodes[0]->trailers = {{"grpc-retry-pushback-ms", "-1"}};
  EXPECT_EQ(call({.idempotent = true}).code(), Code::kUnavailable);
  EXPECT_EQ(nodes[0]->requests, 1);
}

TEST_F(RpcRetryTest, metadata_is_the_last_attempt_s) {
  connect_to(2);
  nodes[0]->behaviour = Behaviour::kUnavailable;
  nodes[0]->trailers = {{"x-from", "0"}};
  for (int i = 0; i < 10; ++i) {
    Headers trailing;
    ASSERT_EQ(call({.idempotent = true, .trailing_metadata = &trailing}), Status{});
    EXPECT_FALSE(trailing.contains("x-from"));
  }
}

}  // namespace
}  // namespace hal::rpc
