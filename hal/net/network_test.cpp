#include <hal/net/network.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/net/socket_address.hpp>

#include <fmt/format.h>

namespace hal::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class NetworkTest : public ::testing::Test {
 protected:
  static Task<Result<std::unique_ptr<Stream>>> dial(TcpNetwork* network, Endpoint endpoint) {
    co_return co_await network->connect(endpoint);
  }
  static Task<Result<std::vector<Endpoint>>> look_up(TcpNetwork* network, std::string host) {
    co_return co_await network->resolve(host, 80);
  }

  IoLoop loop_;
  TcpNetwork network_;
};

TEST_F(NetworkTest, Connects) {
  const auto listener = network_.listen(loop_, {.host = "127.0.0.1"}, {});
  const auto port = (*listener)->local().port;
  for (const auto* host : {"127.0.0.1", "localhost", ""}) {
    const auto stream = block_on(loop_, dial, &network_, Endpoint{host, port});
    ASSERT_TRUE(stream.has_value()) << stream.error().to_string();
    EXPECT_EQ((*stream)->peer(), (*listener)->local());
  }
}

/// A port of both loopback addresses that nobody listens on: as long as this object lives, the
/// kernel gives it to nobody else, neither to listen on nor to connect from.
class SilentPort {
 public:
  SilentPort() {
    do {
      ipv4_ = detail::bind_tcp({"127.0.0.1", 0}, detail::Sharing::kAlone);
      expects(ipv4_.has_value(), "there is a port on loopback");
      ipv6_ = detail::bind_tcp({"::1", number()}, detail::Sharing::kAlone);
      // Else there is no IPv6 here, and nobody who could have it.
    } while (!ipv6_ && ipv6_.error().code() == Code::kAlreadyExists);
  }
  [[nodiscard]] std::uint16_t number() const {
    return detail::to_endpoint(detail::local_address(ipv4_->get())).port;
  }

 private:
  Result<detail::OwnedSocket> ipv4_ = error(Code::kUnavailable, "not bound yet");
  Result<detail::OwnedSocket> ipv6_ = error(Code::kUnavailable, "not bound yet");
};

TEST_F(NetworkTest, SaysWhyEachAddressFailed) {
  const SilentPort silent;
  const auto port = silent.number();
  const auto refused = block_on(loop_, dial, &network_, Endpoint{"localhost", port});
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_THAT(refused.error().message(),
              AllOf(StartsWith(fmt::format("cannot connect to localhost:{}: ", port)),
                    HasSubstr(fmt::format("127.0.0.1:{}: Connection refused; [::1]:", port))));
}

TEST_F(NetworkTest, AddressesNeedNoResolver) {
  for (const auto* host : {"10.1.2.3", "::1"}) {
    EXPECT_THAT(*block_on(loop_, look_up, &network_, std::string{host}),
                ::testing::ElementsAre(Endpoint{host, 80}));
  }
}

TEST_F(NetworkTest, SaysThatANameIsNotKnown) {
  // A label has at most 63 octets (RFC 1035 2.3.4): no server is asked.
  const std::string name(64, 'a');
  const auto unknown = block_on(loop_, look_up, &network_, name);
  EXPECT_EQ(unknown.error().code(), Code::kUnavailable);
  EXPECT_THAT(unknown.error().message(), StartsWith("cannot resolve \"" + name + "\": "));
  EXPECT_EQ(block_on(loop_, dial, &network_, Endpoint{name, 80}).error().code(),
            Code::kUnavailable);
}

Task<Result<std::unique_ptr<Stream>>> dial_for_a_moment(TcpNetwork* network, Endpoint endpoint) {
  co_return co_await timeout(std::chrono::milliseconds{20}, network->connect(endpoint));
}

TEST_F(NetworkTest, ADeadlineEndsAConnectThatNobodyAnswers) {
  // The kernel drops what comes in when the queue of accepts is full.
  const auto listener = network_.listen(loop_, {.host = "127.0.0.1"}, {.backlog = 0});
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 16; ++i) {
    auto stream = block_on(loop_, dial_for_a_moment, &network_, (*listener)->local());
    if (!stream) {
      EXPECT_EQ(stream.error().code(), Code::kDeadlineExceeded);
      return;
    }
    streams.push_back(std::move(*stream));
  }
  GTEST_SKIP() << "this kernel accepts beyond the backlog";
}

Task<Result<int>> dial_when_stopped(TcpNetwork* network, Endpoint endpoint) {
  DeadlineContext stopped{co_await this_context(), kNoDeadline};
  stopped.stop({Code::kAborted, "no more"});
  const auto stream = co_await run_in(stopped.context(), network->connect(endpoint));
  EXPECT_EQ(stream.error().to_string(), "ABORTED: no more");
  co_return 0;
}

TEST_F(NetworkTest, AStopEndsAConnect) {
  const auto listener = network_.listen(loop_, {.host = "127.0.0.1"}, {});
  EXPECT_TRUE(block_on(loop_, dial_when_stopped, &network_, (*listener)->local()).has_value());
}

}  // namespace
}  // namespace hal::net
