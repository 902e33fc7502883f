#include <hal/service/layers/attempts/attempts.hpp>

#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/service/testing/test_call.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <map>
#include <stdexcept>

namespace hal::layers {
namespace {

using namespace std::chrono_literals;
using service::Call;
using service::testing::TestTerminal;

struct Outcome {
  Status status;
  std::string retry_after;
  bool handled = false;
};

/// The layer around a handler that ends as `end` says.
class AttemptsTest : public ::testing::Test {
 protected:
  Outcome attempt(const Status& end, std::string peer = "192.0.2.1", std::string forwarded = "",
                  int http_status = 0) {
    Headers in;
    Headers out;
    if (!forwarded.empty()) in.add("x-forwarded-for", forwarded);
    Call call{.peer_host = peer, .request_headers = &in, .response_headers = &out};
    TestTerminal terminal{[&](Call& the_call) { return set(&the_call, &end, http_status); }};
    EXPECT_TRUE(block_on(loop_, service::testing::run_call_body, &layers_, &terminal, &call));
    return {call.status, std::string{out.get("retry-after").value_or("")}, terminal.calls == 1};
  }
  /// How many attempts that end so come through at once; at most 50.
  int come_through(const Status& end, const std::string& peer = "192.0.2.1") {
    int count = 0;
    while (count < 50 && attempt(end, peer).handled) ++count;
    return count;
  }
  void use(unsigned trusted_proxies) {
    layers_ = {std::make_shared<Attempts>(AttemptsOptions{.limit = {.burst = 3, .interval = 2500ms},
                                                          .trusted_proxies = trusted_proxies})};
  }

  hal::testing::ManualLoop loop_;
  const telemetry::testing::CapturedLogs logs_;
  service::Layers layers_{
      std::make_shared<Attempts>(AttemptsOptions{.limit = {.burst = 3, .interval = 2500ms}})};

 private:
  static Task<> set(Call* call, const Status* end, int http_status) {
    call->status = *end;
    call->http_status = http_status;
    co_return;
  }
};

const Status kWrong{Code::kUnauthenticated, "wrong"};

TEST_F(AttemptsTest, WrongOnesAreSlowedDown) {
  EXPECT_EQ(come_through(kWrong), 3);
  const Outcome refused = attempt(kWrong);
  EXPECT_EQ(refused.status, (Status{Code::kResourceExhausted, "too many attempts"}));
  EXPECT_EQ(refused.retry_after, "3");  // whole seconds, not too early
  EXPECT_FALSE(refused.handled);
  EXPECT_EQ(attempt({}).status.code(), Code::kResourceExhausted);  // right ones, too
  loop_.advance(2500ms);
  EXPECT_TRUE(attempt({}).handled);
  EXPECT_EQ(come_through(kWrong), 1);
}

TEST_F(AttemptsTest, OthersDoNotCount) {
  for (const Code code : {Code::kOk, Code::kInvalidArgument, Code::kUnavailable}) {
    EXPECT_EQ(come_through(code == Code::kOk ? Status{} : Status{code, "x"}), 50) << name(code);
  }
  for (const Code code : {Code::kCancelled, Code::kInternal, Code::kDeadlineExceeded,
                          Code::kResourceExhausted, Code::kPermissionDenied}) {
    use(0);
    EXPECT_EQ(come_through({code, "x"}), 3) << name(code);
  }
}

TEST_F(AttemptsTest, ResponsesOfHandlersCountByTheirStatus) {
  for (const auto& [http_status, expected] : std::map<int, int>{
           {200, 50}, {204, 50}, {400, 50}, {503, 50}, {401, 3}, {403, 3}, {429, 3}}) {
    use(0);
    int count = 0;
    while (count < 50 && attempt({}, "192.0.2.1", "", http_status).handled) ++count;
    EXPECT_EQ(count, expected) << http_status;
  }
}

TEST_F(AttemptsTest, ASiteHasSixteenNetworksWorth) {
  int count = 0;
  for (int network = 0; network < 100; ++network) {
    count += come_through(kWrong, fmt::format("2001:db8:1:{:x}::1", network));
  }
  EXPECT_EQ(count, 3 * 16);
  EXPECT_EQ(attempt(kWrong, "2001:db8:1:ff::1").retry_after, "1");  // 2.5 s / 16
  EXPECT_EQ(come_through(kWrong, "2001:db8:2::1"), 3);
  use(0);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(attempt({}, fmt::format("2001:db8:1:{:x}::1", i)).handled) << "given back, too";
  }
}

TEST_F(AttemptsTest, AddressesAreApart) {
  EXPECT_EQ(come_through(kWrong), 3);
  EXPECT_EQ(come_through(kWrong, "192.0.2.2"), 3);
  EXPECT_EQ(come_through(kWrong, "2001:db8::1"), 3);
  EXPECT_EQ(come_through(kWrong, "2001:db8::2"), 0);  // the same network
  EXPECT_EQ(come_through(kWrong, "2001:db8:0:1::1"), 3);
}

TEST_F(AttemptsTest, ForwardedAddressesCountWhereTheProxyIsOurs) {
  const auto forged = [&](int i) {
    return attempt(kWrong, "10.0.0.1", fmt::format("1.1.1.{}", i));
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(forged(i).handled);
  EXPECT_FALSE(forged(4).handled);
  use(1);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(forged(i).handled);
  const auto hidden = [&](int i) {
    return attempt(kWrong, "10.0.0.1", fmt::format("1.1.1.{}, 9.9.9.9", i));
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(hidden(i).handled);
  EXPECT_FALSE(hidden(4).handled);
}

TEST_F(AttemptsTest, ASidecarWithoutTrustedProxiesIsToldOnce) {
  for (int i = 0; i < 3; ++i) (void)attempt({}, "127.0.0.6");
  EXPECT_EQ(logs_.count("HAL_TRUSTED_PROXIES"), 1U);
  use(0);
  (void)attempt({}, "::6");
  EXPECT_EQ(logs_.count("HAL_TRUSTED_PROXIES"), 2U);
  use(1);
  (void)attempt({}, "127.0.0.6", "1.1.1.1");
  EXPECT_EQ(logs_.count("HAL_TRUSTED_PROXIES"), 2U);
}

Task<> throws(Call*) {
  throw std::runtime_error{"x"};
  co_return;
}

Task<Result<>> catches(const service::Layers* layers, service::Terminal* terminal, Call* call) {
  try {
    co_await service::testing::run_call(*layers, *terminal, *call);
  } catch (const std::runtime_error&) {
    co_return error(Code::kInternal, "thrown");
  }
  co_return Result<>{};
}

TEST_F(AttemptsTest, OnesThatThrowCount) {
  Call call{.peer_host = "192.0.2.1"};
  TestTerminal terminal{[](Call& the_call) { return throws(&the_call); }};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(block_on(loop_, catches, &layers_, &terminal, &call));
  EXPECT_FALSE(attempt({}).handled);
}

}  // namespace
}  // namespace hal::layers
