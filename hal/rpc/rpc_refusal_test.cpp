// A node that refuses requests (REFUSED_STREAM) and keeps its connections.
#include <hal/rpc/testing/fake_node.hpp>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;
using testing::Behaviour;

class RpcRefusalTest : public testing::NodesTest {
 protected:
  /// The first of `count` nodes refuses; all are connected.
  void start_with_refuser(std::size_t count) {
    nodes[0]->behaviour = Behaviour::kRefuse;
    start(count);
    (void)call();
    host.manual_loop().run_ready();
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(nodes[i]->connected, 1);
      nodes[i]->requests = 0;
    }
  }
};

TEST_F(RpcRefusalTest, costs_no_call_and_is_left_out) {
  start_with_refuser(2);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_EQ(nodes[1]->requests, 500);
  EXPECT_LE(nodes[0]->requests, 2) << "the second in a row is the last";
  EXPECT_EQ(nodes[0]->connections, 1);
}

TEST_F(RpcRefusalTest, costs_none_of_many_at_once) {
  start_with_refuser(3);
  begin(1000);
  EXPECT_EQ(outcomes.ok, 1000);
  EXPECT_TRUE(outcomes.failures.empty()) << outcomes.failures[0].to_string();
  EXPECT_EQ(nodes[1]->requests + nodes[2]->requests, 1000);
}

TEST_F(RpcRefusalTest, round_robin_leaves_it_out_too) {
  options.balance = Balance::kRoundRobin;
  start_with_refuser(3);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_LE(nodes[0]->requests, 2);
}

TEST_F(RpcRefusalTest, is_tried_again_ever_more_rarely) {
  options.backoff.jitter = 0;  // 1 s, 1.6 s, 2.56 s
  start_with_refuser(2);
  const auto calls = [this] {
    for (int i = 0; i < 50; ++i) ASSERT_EQ(call(), Status{});
  };
  calls();
  const int before = nodes[0]->requests;
  advance(990ms);
  calls();
  EXPECT_EQ(nodes[0]->requests, before);
  advance(10ms);
  calls();
  EXPECT_EQ(nodes[0]->requests, before + 1);
  advance(1590ms);
  calls();
  EXPECT_EQ(nodes[0]->requests, before + 1);
  advance(10ms);
  calls();
  EXPECT_EQ(nodes[0]->requests, before + 2);
}

TEST_F(RpcRefusalTest, gets_its_part_again_once_it_answers) {
  options.backoff.jitter = 0;
  start_with_refuser(2);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(call(), Status{});
  nodes[0]->behaviour = Behaviour::kAnswer;
  advance(1s);
  nodes[0]->requests = 0;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_GT(nodes[0]->requests, 25);
  nodes[0]->behaviour = Behaviour::kRefuse;
  nodes[0]->requests = 0;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_EQ(nodes[0]->requests, 2) << "one may be chance, as at first";
  advance(1s);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_EQ(nodes[0]->requests, 3) << "the first rest is short again";
}

TEST_F(RpcRefusalTest, the_registry_is_asked_for_better_ones) {
  start_with_refuser(1);
  nodes[1]->start();
  nodes[1]->enlist();
  advance(options.resolve_gap);
  EXPECT_EQ(call(), Status{}) << "its last attempt, long before resolve_interval";
  EXPECT_EQ(nodes[1]->requests, 1);
}

TEST_F(RpcRefusalTest, of_all_nodes_is_three_attempts_and_used_up_budget) {
  options.retry.tokens_max = 20;
  start_with_refuser(1);
  EXPECT_EQ(call().code(), Code::kUnavailable);
  EXPECT_EQ(nodes[0]->requests, 3);
  nodes[0]->requests = 0;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(call().code(), Code::kUnavailable);
  EXPECT_GE(nodes[0]->requests, 200) << "one more at once is always free";
  EXPECT_LE(nodes[0]->requests, 210);
  nodes[0]->behaviour = Behaviour::kAnswer;
  EXPECT_EQ(call(), Status{}) << "with nobody else there it does not rest";
}

TEST_F(RpcRefusalTest, a_full_node_is_waited_for) {
  options.connections_per_node_max = 1;
  nodes[1]->options.settings.max_concurrent_streams = 1;
  start_with_refuser(2);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(), Status{});  // the first one rests now
  nodes[0]->requests = 0;
  nodes[1]->behaviour = Behaviour::kHold;
  begin(5);
  EXPECT_EQ(nodes[1]->open, 1);
  nodes[1]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 5);
  EXPECT_EQ(nodes[0]->requests, 0);
}

}  // namespace
}  // namespace hal::rpc
