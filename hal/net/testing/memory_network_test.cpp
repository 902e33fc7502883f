#include <hal/net/testing/memory_network.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/async/when_all.hpp>

namespace hal::net::testing {
namespace {

using hal::testing::ManualLoop;
using StreamPtr = std::unique_ptr<Stream>;

const Endpoint kServer{"10.0.0.1", 80};

Task<Result<StreamPtr>> dial(MemoryNetwork* network, Endpoint endpoint) {
  co_return co_await network->connect(endpoint);
}
Task<Result<StreamPtr>> accept_one(Listener* listener) { co_return co_await listener->accept(); }
Task<Result<std::vector<Endpoint>>> look_up(MemoryNetwork* network, std::string host) {
  co_return co_await network->resolve(host, 80);
}
Task<Result<StreamPair>> join(MemoryNetwork* network, Listener* listener, Endpoint endpoint) {
  auto [client, server] =
      co_await or_return(when_all(dial(network, endpoint), accept_one(listener)));
  co_return StreamPair{std::move(client), std::move(server)};
}

class MemoryNetworkTest : public ::testing::Test {
 protected:
  Status dial_status(const Endpoint& endpoint) {
    auto stream = block_on(loop_, dial, &network_, endpoint);
    return stream ? Status{} : stream.error();
  }
  ManualLoop loop_;
  MemoryNetwork network_;
};

TEST_F(MemoryNetworkTest, Connects) {
  const auto listener = network_.listen(loop_, kServer, {});
  const auto pair = block_on(loop_, join, &network_, listener->get(), kServer);
  ASSERT_TRUE(pair.has_value());
  EXPECT_EQ(pair->first->peer(), kServer);
  EXPECT_EQ(pair->second->peer(), pair->first->local());
  EXPECT_EQ(network_.connects(), 1);
}

TEST_F(MemoryNetworkTest, KnowsWhoListens) {
  const auto one = network_.listen(loop_, kServer, {});
  EXPECT_EQ(network_.listen(loop_, kServer, {}).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(network_.listen(loop_, {"", 80}, {}).error().code(), Code::kAlreadyExists);
  const auto other = network_.listen(loop_, {"10.0.0.2", 80}, {});
  ASSERT_TRUE(other.has_value());
  const auto any = network_.listen(loop_, {"", 0}, {});
  EXPECT_NE((*any)->local().port, 0);

  EXPECT_TRUE(dial_status({"10.0.0.2", 80}).ok());
  EXPECT_TRUE(dial_status({"localhost", (*any)->local().port}).ok());
  EXPECT_EQ(dial_status({"10.0.0.3", 80}).to_string(),
            "UNAVAILABLE: cannot connect to 10.0.0.3:80: Connection refused");
}

TEST_F(MemoryNetworkTest, RefusesOnDemandAndBeyondTheBacklog) {
  const auto listener = network_.listen(loop_, kServer, {.backlog = 1});
  network_.refuse(80);
  EXPECT_EQ(dial_status(kServer).code(), Code::kUnavailable);
  network_.refuse(80, false);
  EXPECT_TRUE(dial_status(kServer).ok());
  EXPECT_EQ(dial_status(kServer).code(), Code::kUnavailable);
  EXPECT_NE((*listener)->try_accept(), nullptr);
  EXPECT_TRUE(dial_status(kServer).ok());
}

Task<Result<StreamPtr>> dial_for_a_minute(MemoryNetwork* network) {
  co_return co_await timeout(std::chrono::minutes{1}, network->connect(kServer));
}

TEST_F(MemoryNetworkTest, HangsUntilTheCallerIsStopped) {
  const auto listener = network_.listen(loop_, kServer, {});
  network_.hang(80);
  EXPECT_EQ(block_on(loop_, dial_for_a_minute, &network_).error().code(), Code::kDeadlineExceeded);
  network_.hang(80, false);
  EXPECT_TRUE(block_on(loop_, dial_for_a_minute, &network_).has_value());
}

TEST_F(MemoryNetworkTest, KnowsNamesAndTriesEachAddress) {
  network_.add_host("greeter", {"10.0.0.9", "10.0.0.1"});
  const auto listener = network_.listen(loop_, kServer, {});
  EXPECT_THAT(*block_on(loop_, look_up, &network_, std::string{"greeter"}),
              ::testing::ElementsAre(Endpoint{"10.0.0.9", 80}, Endpoint{"10.0.0.1", 80}));
  EXPECT_EQ(block_on(loop_, look_up, &network_, std::string{"nobody"}).error().to_string(),
            "UNAVAILABLE: cannot resolve \"nobody\": not known");
  const auto stream = block_on(loop_, dial, &network_, Endpoint{"greeter", 80});
  EXPECT_EQ((*stream)->peer(), kServer);
}

Task<Result<std::string>> read_once(Stream* stream) {
  char buffer[1024];
  const auto size = co_await or_return(co_await stream->read_some(buffer));
  co_return std::string(buffer, size);
}

TEST_F(MemoryNetworkTest, CutsConnections) {
  const auto listener = network_.listen(loop_, kServer, {});
  const auto pair = block_on(loop_, join, &network_, listener->get(), kServer);
  network_.cut(81);
  EXPECT_TRUE((*pair).first != nullptr);
  network_.cut(80);
  EXPECT_EQ(block_on(loop_, read_once, pair->first.get()).error().to_string(),
            "UNAVAILABLE: 10.0.0.1:80: Connection reset by peer");
  EXPECT_EQ(block_on(loop_, read_once, pair->second.get()).error().code(), Code::kUnavailable);
}

TEST_F(MemoryNetworkTest, AClosedListenerResetsItsQueue) {
  auto listener = network_.listen(loop_, kServer, {});
  const auto client = block_on(loop_, dial, &network_, kServer);
  (*listener)->close();
  EXPECT_EQ(block_on(loop_, read_once, client->get()).error().code(), Code::kUnavailable);
  EXPECT_EQ(block_on(loop_, accept_one, listener->get()).error().code(), Code::kCancelled);
  EXPECT_EQ(dial_status(kServer).code(), Code::kUnavailable);
}

Task<Result<StreamPtr>> accept_for_a_minute(Listener* listener) {
  co_return co_await timeout(std::chrono::minutes{1}, accept_one(listener));
}

TEST_F(MemoryNetworkTest, AcceptStopsWithTheContext) {
  const auto listener = network_.listen(loop_, kServer, {});
  EXPECT_EQ(block_on(loop_, accept_for_a_minute, listener->get()).error().code(),
            Code::kDeadlineExceeded);
}

Task<Result<>> write_text(Stream* stream, std::string text, bool* written) {
  auto result = co_await stream->write_all(text);
  *written = true;
  co_return result;
}
Task<Result<>> fill_and_drain(Scope& scope, StreamPair* ends, bool* written) {
  scope.spawn(write_text, ends->first.get(), std::string{"12345678"}, written);
  EXPECT_FALSE(*written) << "5 of 8 bytes fit";
  EXPECT_EQ(co_await read_once(ends->second.get()), "12345");
  EXPECT_EQ(co_await read_once(ends->second.get()), "678");
  co_return Result<>{};
}

TEST(MemoryStream, AWriterWaitsForTheReader) {
  ManualLoop loop;
  StreamPair ends = make_stream_pair(loop, {.buffered_bytes_max = 5});
  bool written = false;
  EXPECT_EQ(block_on(loop, [&] { return with_scope(fill_and_drain, &ends, &written); }),
            Result<>{});
  EXPECT_TRUE(written);
}

Task<Result<>> read_single_bytes(StreamPair* ends) {
  co_await or_return(co_await ends->first->write_all("abc"));
  for (const auto* byte : {"a", "b", "c"}) {
    EXPECT_EQ(co_await read_once(ends->second.get()), byte);
  }
  co_return Result<>{};
}

TEST(MemoryStream, GivesOneByteAtATime) {
  ManualLoop loop;
  StreamPair ends = make_stream_pair(loop, {.one_byte_at_a_time = true});
  EXPECT_EQ(block_on(loop, read_single_bytes, &ends), Result<>{});
}

}  // namespace
}  // namespace hal::net::testing
