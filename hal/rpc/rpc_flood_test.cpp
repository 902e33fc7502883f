// What a server says of clients that flood it.
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_call.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

namespace hal::rpc {
namespace {

class RpcFloodTest : public testing::EchoTest {
 protected:
  ~RpcFloodTest() override { host.shut_down(); }

  /// A connection that takes back more requests than it may.
  void flood() {
    auto connection = testing::open_connection(host, kPort);
    host.manual_loop().run_ready();
    for (int i = 0; i <= 5; ++i) {
      testing::RawCall call{host, *connection, "/test.rpc.Echo/Say"};
      host.manual_loop().run_ready();
    }
    host.manual_loop().run_ready();
    EXPECT_FALSE(connection->usable());
  }
};

TEST_F(RpcFloodTest, is_one_warning_every_ten_seconds) {
  start_server({.http2 = {.rapid_resets_burst = 5, .rapid_resets_per_second = 0}});
  const telemetry::testing::CapturedLogs logs;
  for (int i = 0; i < 3; ++i) flood();
  EXPECT_EQ(logs.count("level=warn"), 1);
  EXPECT_EQ(logs.count("(1 such connections on this worker so far)"), 1);
  EXPECT_EQ(logs.count("rapid_resets_burst"), 4);
  host.manual_loop().advance(std::chrono::seconds{10});
  flood();
  EXPECT_EQ(logs.count("level=warn"), 2);
  EXPECT_EQ(logs.count("(4 such connections on this worker so far)"), 1);
  EXPECT_EQ(logs.count("127.0.0.1:"), 6);
}

}  // namespace
}  // namespace hal::rpc
