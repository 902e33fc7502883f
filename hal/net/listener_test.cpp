#include <hal/net/listener.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/async/when_all.hpp>
#include <hal/net/network.hpp>
#include <hal/net/port_holder.hpp>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace hal::net {
namespace {

using ::testing::HasSubstr;
using ListenerPtr = std::unique_ptr<Listener>;
using StreamPtr = std::unique_ptr<Stream>;

const Endpoint kLoopback{.host = "127.0.0.1"};

Task<Result<StreamPtr>> accept_one(Listener* listener) { co_return co_await listener->accept(); }

Task<Result<StreamPtr>> dial(Endpoint endpoint) {
  TcpNetwork network;
  co_return co_await network.connect(endpoint);
}

Task<Result<std::string>> accept_and_greet(Listener* listener, Endpoint endpoint) {
  auto [server, client] = co_await or_return(when_all(accept_one(listener), dial(endpoint)));
  co_await or_return(co_await server->write_all("hello"));
  char buffer[16];
  const auto size = co_await or_return(co_await client->read_some(buffer));
  EXPECT_EQ(server->peer(), client->local());
  co_return std::string(buffer, size);
}

TEST(Listener, AcceptsOnOneAddressOrOnAllOfBothFamilies) {
  IoLoop loop;
  for (const auto* host : {"127.0.0.1", "localhost", "0.0.0.0", "::", ""}) {
    const auto listener = listen_tcp(loop, {.host = host});
    ASSERT_TRUE(listener.has_value()) << listener.error().to_string();
    const auto port = (*listener)->local().port;
    EXPECT_NE(port, 0);
    EXPECT_EQ(block_on(loop, accept_and_greet, listener->get(), Endpoint{"127.0.0.1", port}),
              "hello")
        << host;
  }
  const auto listener = listen_tcp(loop, {});
  EXPECT_EQ((*listener)->local().host, "");
}

Task<Result<StreamPtr>> accept_until_deadline(Listener* listener) {
  co_return co_await timeout(std::chrono::milliseconds{1}, accept_one(listener));
}

TEST(Listener, StopsWithTheContextAndGoesOnAfterwards) {
  IoLoop loop;
  const auto listener = listen_tcp(loop, kLoopback);
  const auto stopped = block_on(loop, accept_until_deadline, listener->get());
  EXPECT_EQ(stopped.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(block_on(loop, accept_and_greet, listener->get(), (*listener)->local()), "hello");
}

Task<Result<int>> close_later(Listener* listener) {
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  listener->close();
  co_return 0;
}
Task<Result<Status>> status_of_accept(Listener* listener) {
  co_return (co_await listener->accept()).error();
}
Task<Result<Status>> accept_and_close(Listener* listener) {
  co_return std::get<0>(
      co_await or_return(when_all(status_of_accept(listener), close_later(listener))));
}

TEST(Listener, CloseEndsItsAccept) {
  IoLoop loop;
  const auto listener = listen_tcp(loop, kLoopback);
  EXPECT_EQ(block_on(loop, accept_and_close, listener->get())->to_string(),
            "CANCELLED: the listener was closed");
  EXPECT_EQ(block_on(loop, accept_one, listener->get()).error().code(), Code::kCancelled);
  EXPECT_EQ((*listener)->try_accept(), nullptr);
  (*listener)->close();
}

/// A client may be told that it is connected a moment before the listener has the connection: the
/// kernel handles the last segment of the handshake when it comes to it.
StreamPtr from_queue(Listener& listener) {
  const TimePoint end = Clock::now() + std::chrono::minutes{1};
  for (;;) {
    auto stream = listener.try_accept();
    if (stream != nullptr || Clock::now() > end) return stream;
    std::this_thread::yield();
  }
}

TEST(Listener, GivesWhatWaitsInItsQueue) {
  IoLoop loop;
  const auto listener = listen_tcp(loop, kLoopback);
  EXPECT_EQ((*listener)->try_accept(), nullptr);
  const auto first = block_on(loop, dial, (*listener)->local());
  const auto second = block_on(loop, dial, (*listener)->local());
  EXPECT_NE(from_queue(**listener), nullptr);
  EXPECT_NE(from_queue(**listener), nullptr);
  EXPECT_EQ((*listener)->try_accept(), nullptr);
}

Task<Result<int>> accept_many(Listener* listener, int count) {
  for (int i = 0; i < count; ++i) co_await or_return(co_await listener->accept());
  co_return count;
}
Task<Result<int>> dial_many(Endpoint endpoint, int count) {
  for (int i = 0; i < count; ++i) co_await or_return(dial(endpoint));
  co_return count;
}
Task<Result<int>> accept_after_dialing(Listener* listener, int count) {
  co_await or_return(dial_many(listener->local(), count));
  co_return co_await or_return(accept_many(listener, count));
}

TEST(Listener, GivesTheLoopATurnBetweenManyConnections) {
  IoLoop loop;
  const auto listener = listen_tcp(loop, kLoopback);
  EXPECT_EQ(block_on(loop, accept_after_dialing, listener->get(), 100), 100);
}

TEST(Listener, SharesAPortWithinTheProcess) {
  IoLoop one;
  IoLoop other;
  const auto first = listen_tcp(one, kLoopback);
  const auto second = listen_tcp(other, (*first)->local());
  ASSERT_TRUE(second.has_value()) << second.error().to_string();
  EXPECT_EQ((*first)->local(), (*second)->local());
}

/// A socket as another kind of server opens it.
class PlainServer {
 public:
  explicit PlainServer(int option = 0) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int on = 1;
    if (option != 0) setsockopt(socket_, SOL_SOCKET, option, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;
  ~PlainServer() { close_here(); }
  void close_here() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  [[nodiscard]] Endpoint endpoint(std::string host = "127.0.0.1") const {
    return {std::move(host), port_};
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST(Listener, NamesWhoHasThePort) {
  IoLoop loop;
  const PlainServer server;
  for (const auto* host : {"127.0.0.1", "0.0.0.0", ""}) {
    const auto taken = listen_tcp(loop, server.endpoint(host));
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().to_string(),
              fmt::format("ALREADY_EXISTS: port {} is taken by hal_net_test (pid {})",
                          server.endpoint().port, getpid()));
    EXPECT_EQ(probe_port(server.endpoint(host)).error(), taken.error());
  }
}

/// Runs a process that shares a socket with this one until the end of the test.
class OtherProcess {
 public:
  OtherProcess() : pid_{fork()} {
    if (pid_ == 0) {
      pause();
      _exit(0);
    }
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(Listener, DoesNotShareAPortWithAnotherProcess) {
  IoLoop loop;
  PlainServer server{SO_REUSEPORT};
  const OtherProcess other;
  server.close_here();  // now only the other one has it
  const auto taken = listen_tcp(loop, server.endpoint());
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code(), Code::kAlreadyExists);
  EXPECT_THAT(taken.error().message(), HasSubstr(fmt::format("(pid {})", other.pid())));
  EXPECT_FALSE(listen_tcp(loop, server.endpoint("")).has_value());
}

TEST(Listener, ListensOnAddressesOnly) {
  IoLoop loop;
  EXPECT_EQ(listen_tcp(loop, {"example.org", 0}).error().to_string(),
            "INVALID_ARGUMENT: \"example.org\" is not an IP address");
  const auto foreign = listen_tcp(loop, {"192.0.2.1", 0});  // TEST-NET-1, RFC 5737
  EXPECT_EQ(foreign.error().code(), Code::kUnavailable);
  EXPECT_THAT(foreign.error().message(), HasSubstr("cannot listen on 192.0.2.1:0"));
}

class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &saved_);
    const rlimit none{.rlim_cur = 0, .rlim_max = saved_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &saved_); }

 private:
  rlimit saved_{};
};

Task<Result<int>> free_descriptors_after(const Listener* listener, std::uint64_t errors,
                                         std::optional<NoMoreDescriptors>* limit) {
  while (listener->accept_errors() < errors) {
    co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  }
  limit->reset();
  co_return 0;
}
Task<Result<bool>> accept_in_need(Listener* listener, std::optional<NoMoreDescriptors>* limit) {
  const auto [stream, ignored] = co_await or_return(
      when_all(accept_one(listener), free_descriptors_after(listener, 3, limit)));
  co_return stream != nullptr;
}

TEST(Listener, PausesWithoutDescriptorsAndGoesOn) {
  IoLoop loop;
  const auto listener =
      listen_tcp(loop, kLoopback, {.pause_when_full = std::chrono::milliseconds{1}});
  const auto client = block_on(loop, dial, (*listener)->local());
  ASSERT_TRUE(client.has_value());
  std::optional<NoMoreDescriptors> limit{std::in_place};
  EXPECT_EQ(block_on(loop, accept_in_need, listener->get(), &limit), true);
  EXPECT_GE((*listener)->accept_errors(), 3);
}

TEST(Listener, StopsWhileItPauses) {
  IoLoop loop;
  const auto listener = listen_tcp(loop, kLoopback, {.pause_when_full = std::chrono::hours{1}});
  const auto client = block_on(loop, dial, (*listener)->local());
  const NoMoreDescriptors limit;
  EXPECT_EQ(block_on(loop, accept_until_deadline, listener->get()).error().code(),
            Code::kDeadlineExceeded);
  EXPECT_EQ((*listener)->accept_errors(), 1);
}

}  // namespace
}  // namespace hal::net
