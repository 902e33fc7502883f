// A channel and its nodes: which are chosen, what happens when they die, hang, vanish and appear.
#include <hal/rpc/testing/fake_node.hpp>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;
using testing::Behaviour;

Task<Result<>> remove_node(service::testing::TestHost* host, std::string id) {
  co_return co_await host->registry().remove(std::move(id));
}

class RpcBalanceTest : public testing::NodesTest {};

TEST_F(RpcBalanceTest, spreads_calls_over_all_nodes) {
  start(3);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(call(), Status{});
  for (const auto& node : nodes) {
    EXPECT_GT(node->requests, 70);
    EXPECT_EQ(node->connections, 1);
  }
}

TEST_F(RpcBalanceTest, round_robin_is_one_after_the_other) {
  options.balance = Balance::kRoundRobin;
  start(3);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(call(), Status{});
  host.manual_loop().run_ready();  // by now all are connected
  for (const auto& node : nodes) node->requests = 0;
  nodes[0]->behaviour = Behaviour::kHold;  // its load changes nothing
  begin(30);
  for (const auto& node : nodes) EXPECT_EQ(node->requests, 10);
  nodes[0]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 30);
}

TEST_F(RpcBalanceTest, a_slow_node_gets_less) {
  start(2);
  ASSERT_EQ(call(), Status{});
  host.manual_loop().run_ready();
  nodes[0]->behaviour = Behaviour::kHold;
  begin(2);
  const int held = nodes[0]->open;
  ASSERT_GE(held, 1);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(call({.timeout = 1s}), Status{});
  EXPECT_EQ(nodes[0]->open, held);
  nodes[0]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 2);
}

TEST_F(RpcBalanceTest, a_node_that_refuses_is_left_out_and_tried_again) {
  start(2);
  host.memory().refuse(41001);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(), Status{});
  host.memory().refuse(41001, false);
  advance(700ms);  // base 1 s, jitter 0.2
  EXPECT_EQ(nodes[1]->connections, 0);
  advance(600ms);
  EXPECT_EQ(nodes[1]->connections, 1);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_GT(nodes[1]->requests, 4);
}

TEST_F(RpcBalanceTest, a_change_that_the_registry_tells_is_taken_at_once) {
  start(1);
  ASSERT_EQ(call(), Status{});
  advance(1s);
  nodes.push_back(std::make_unique<testing::FakeNode>(host, std::uint16_t{41009}));
  nodes.back()->start();
  nodes.back()->enlist();
  advance(1s);
  EXPECT_EQ(nodes.back()->connections, 0) << "the registry is asked every 5 s";
  host.registry().tell("echo");
  advance(100ms);
  EXPECT_EQ(nodes.back()->connections, 1);
}

TEST_F(RpcBalanceTest, only_calls_of_a_node_that_dies_fail) {
  start(2);
  ASSERT_EQ(call(), Status{});
  host.manual_loop().run_ready();
  nodes[0]->behaviour = nodes[1]->behaviour = Behaviour::kHold;
  begin(40);
  const int lost = nodes[0]->open;
  EXPECT_EQ(lost + nodes[1]->open, 40);
  EXPECT_NEAR(lost, 20, 3);
  nodes[0]->kill();
  nodes[1]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 40 - lost);
  ASSERT_EQ(outcomes.failures.size(), static_cast<std::size_t>(lost));
  for (const Status& failure : outcomes.failures) EXPECT_EQ(failure.code(), Code::kUnavailable);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(call(), Status{});
}

TEST_F(RpcBalanceTest, all_nodes_down_and_back) {
  start(2);
  ASSERT_EQ(call(), Status{});
  host.manual_loop().run_ready();
  for (int i = 0; i < 2; ++i) nodes[static_cast<std::size_t>(i)]->kill();
  host.manual_loop().run_ready();
  const TimePoint before = host.loop().now();
  const Status down = call();
  EXPECT_EQ(down.code(), Code::kUnavailable);
  EXPECT_NE(down.message().find("cannot reach 'echo'"), std::string::npos) << down.to_string();
  EXPECT_LE(host.loop().now() - before, 200ms);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call().code(), Code::kUnavailable);
  advance(10min);  // attempts go on, ever more rarely
  EXPECT_EQ(call().code(), Code::kUnavailable);
  begin(5, {.timeout = 10min, .wait_for_ready = true});
  for (int i = 0; i < 2; ++i) nodes[static_cast<std::size_t>(i)]->start();
  advance(3min);
  EXPECT_EQ(outcomes.ok, 5);
  EXPECT_EQ(call(), Status{});
}

TEST_F(RpcBalanceTest, the_first_calls_after_a_restart_find_the_only_node_at_once) {
  start(1);
  ASSERT_EQ(call(), Status{});
  nodes[0]->kill();
  host.manual_loop().run_ready();
  EXPECT_EQ(call().code(), Code::kUnavailable);
  advance(options.resolve_gap);  // the registry is asked again before the node is
  nodes[0]->start();
  const TimePoint before = host.loop().now();
  EXPECT_EQ(call(), Status{});
  EXPECT_EQ(host.loop().now(), before);
}

TEST_F(RpcBalanceTest, waits_for_a_registry_that_is_empty) {
  EXPECT_EQ(call().code(), Code::kUnavailable);
  begin(3, {.timeout = 1min, .wait_for_ready = true});
  advance(10s);
  EXPECT_EQ(outcomes.ok + static_cast<int>(outcomes.failures.size()), 0);
  EXPECT_EQ(call().code(), Code::kUnavailable);  // the others do not wait
  start(1);
  advance(2s);
  EXPECT_EQ(outcomes.ok, 3);
}

TEST_F(RpcBalanceTest, waits_no_longer_than_the_deadline) {
  const TimePoint before = host.loop().now();
  const Status late = call({.timeout = 3s, .wait_for_ready = true});
  EXPECT_EQ(late.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(host.loop().now() - before, 3s);
}

TEST_F(RpcBalanceTest, a_node_that_appears_gets_calls) {
  start(1);
  ASSERT_EQ(call(), Status{});
  nodes[1]->start();
  nodes[1]->enlist();
  ASSERT_EQ(call(), Status{});
  advance(options.resolve_interval * 2);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_GT(nodes[1]->requests, 10);
}

TEST_F(RpcBalanceTest, a_node_that_vanishes_finishes_what_it_has) {
  start(2);
  ASSERT_EQ(call(), Status{});
  host.manual_loop().run_ready();
  nodes[0]->behaviour = Behaviour::kHold;
  begin(4);
  const int held = nodes[0]->open;
  const int before = nodes[0]->requests;
  ASSERT_GE(held, 1);
  host.run(remove_node, &host, host.registry().nodes()[0].id).value();
  ASSERT_EQ(call(), Status{});
  advance(options.resolve_interval * 2);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_EQ(nodes[0]->requests, before);
  EXPECT_EQ(nodes[0]->connected, 1);
  nodes[0]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 4);
  EXPECT_EQ(nodes[0]->connected, 0);
}

TEST_F(RpcBalanceTest, the_last_node_that_vanishes_gets_no_call) {
  start(1);
  ASSERT_EQ(call(), Status{});
  host.run(remove_node, &host, host.registry().nodes()[0].id).value();
  advance(options.resolve_interval * 2);
  const int before = nodes[0]->requests;
  const Status none = call();
  EXPECT_EQ(none.code(), Code::kUnavailable);
  EXPECT_TRUE(none.message().starts_with("no node of ")) << none.message();
  EXPECT_EQ(nodes[0]->requests, before);
  EXPECT_EQ(nodes[0]->connected, 0);
}

TEST_F(RpcBalanceTest, nodes_stay_while_the_registry_cannot_be_asked) {
  start(1);
  ASSERT_EQ(call(), Status{});
  host.registry().fail_with({Code::kUnavailable, "registry test is away"});
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(call(), Status{});
    advance(options.resolve_interval);
  }
  EXPECT_EQ(nodes[0]->connections, 1);
}

TEST_F(RpcBalanceTest, an_unused_channel_asks_nobody_and_keeps_what_it_has) {
  start(1);
  ASSERT_EQ(call(), Status{});
  const auto with_refresh = host.background().active();
  advance(1min);
  EXPECT_EQ(host.background().active(), with_refresh - 1);
  ASSERT_EQ(call(), Status{});
  EXPECT_EQ(host.background().active(), with_refresh);
  EXPECT_EQ(nodes[0]->connections, 1);
}

TEST_F(RpcBalanceTest, a_node_that_takes_connections_and_drops_them_is_no_busy_loop) {
  start(2);
  ASSERT_EQ(call(), Status{});
  host.manual_loop().run_ready();
  const int before = nodes[0]->connections;
  nodes[0]->kill();
  nodes[0]->start();
  for (int i = 0; i < 1000; ++i) {
    host.manual_loop().run_ready();
    host.memory().cut(41000);
  }
  EXPECT_LT(nodes[0]->connections, before + 5);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(), Status{});
}

TEST_F(RpcBalanceTest, a_node_that_accepts_and_says_nothing_is_passed_over) {
  start(1);
  const auto mute = host.memory().listen(host.loop(), {"", 41001}, {}).value();
  host.registry().put("echo", "127.0.0.1:41001");
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call(), Status{});
  EXPECT_EQ(nodes[0]->requests, 20);
  nodes[0]->kill();
  host.memory().refuse(41000);
  const Status status = call({.timeout = 1min});
  EXPECT_EQ(status.code(), Code::kUnavailable) << status.to_string();
}

TEST_F(RpcBalanceTest, more_calls_than_may_wait_are_refused) {
  options.waiting_max = 5;
  options.connections_per_node_max = 1;
  nodes[0]->options.settings.max_concurrent_streams = 2;
  nodes[0]->behaviour = Behaviour::kHold;
  start(1);
  begin(5);
  EXPECT_EQ(nodes[0]->open, 2);
  begin(5);
  ASSERT_EQ(outcomes.failures.size(), 3U);
  EXPECT_EQ(outcomes.failures[0].code(), Code::kResourceExhausted);
  nodes[0]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 7);
}

TEST_F(RpcBalanceTest, ten_thousand_calls_at_once_over_few_connections) {
  nodes[0]->options.settings.max_concurrent_streams = 1000;
  start(1);
  nodes[0]->behaviour = Behaviour::kHold;
  begin(10'000, {.timeout = 1min});
  advance(1s);
  EXPECT_EQ(nodes[0]->open, 4000);
  EXPECT_EQ(nodes[0]->connections, 4);
  nodes[0]->release();
  advance(1s);
  EXPECT_EQ(outcomes.ok, 10'000);
  EXPECT_EQ(nodes[0]->most_open, 4000);
  EXPECT_TRUE(outcomes.failures.empty());
}

TEST_F(RpcBalanceTest, a_waiting_call_that_gives_up_wakes_the_next) {
  options.connections_per_node_max = 1;
  nodes[0]->options.settings.max_concurrent_streams = 1;
  nodes[0]->behaviour = Behaviour::kHold;
  start(1);
  begin(1, {.timeout = 1h});
  begin(3, {.timeout = 1s});
  begin(3, {.timeout = 1h});
  advance(2s);
  EXPECT_EQ(outcomes.failures.size(), 3U);
  nodes[0]->release();
  host.manual_loop().run_ready();
  EXPECT_EQ(outcomes.ok, 4);
}

TEST_F(RpcBalanceTest, drains_again_and_again_cost_no_call) {
  start(2);
  for (int round = 0; round < 200; ++round) {
    begin(20);
    nodes[static_cast<std::size_t>(round % 2)]->drain();
    begin(20);
    advance(10ms);
  }
  advance(5s);
  EXPECT_EQ(outcomes.ok, 200 * 40);
  EXPECT_TRUE(outcomes.failures.empty()) << outcomes.failures[0].to_string();
  EXPECT_GT(nodes[0]->connections + nodes[1]->connections, 20);
  EXPECT_LE(nodes[0]->connected, 1);
}

TEST_F(RpcBalanceTest, one_node_that_drains_again_and_again_costs_no_call) {
  start(1);
  for (int round = 0; round < 200; ++round) {
    begin(10);
    nodes[0]->drain();
    begin(10);
    advance(2s);
  }
  EXPECT_EQ(outcomes.ok, 200 * 20);
  EXPECT_TRUE(outcomes.failures.empty()) << outcomes.failures[0].to_string();
}

TEST_F(RpcBalanceTest, takes_no_more_nodes_than_it_may) {
  options.nodes_max = 2;
  start(3);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(call(), Status{});
  advance(1min);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(call(), Status{});
  int used = 0;
  for (const auto& node : nodes) used += node->connections;
  EXPECT_EQ(used, 2) << "and keeps to its choice";
}

TEST_F(RpcBalanceTest, a_restarted_process_is_a_new_node_at_once) {
  start(1);
  ASSERT_EQ(call(), Status{});
  nodes[0]->kill();
  for (int i = 0; i < 5; ++i) {  // deep in backoff
    advance(5s);
    EXPECT_EQ(call().code(), Code::kUnavailable);
  }
  nodes[0]->start();
  host.run(remove_node, &host, host.registry().nodes()[0].id).value();
  nodes[0]->enlist();
  advance(options.resolve_gap);
  EXPECT_EQ(call(), Status{});
}

}  // namespace
}  // namespace hal::rpc
