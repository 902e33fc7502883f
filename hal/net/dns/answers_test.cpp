#include <hal/net/dns/answers.hpp>

#include <gmock/gmock.h>

namespace hal::net::dns {
namespace {

using ::testing::ElementsAre;

Result<Targets> read(std::string_view bytes) {
  return targets_of({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

/// A response with one SRV record of `name` x.
std::string message(std::string_view data) {
  using namespace std::string_view_literals;
  std::string text{"\0\1\x85\x80\0\1\0\1\0\0\0\0\1x\0\0\x21\0\1\xc0\x0c\0\x21\0\1\0\0\0\x1e\0"sv};
  text += static_cast<char>(data.size());
  return text + std::string{data};
}

TEST(DnsAnswers, ReadsSrvRecords) {
  using namespace std::string_view_literals;
  const auto answer = read(message("\0\1\0\2\x23\x28\1h\4test\0"sv));
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->ttl, std::chrono::seconds{30});
  EXPECT_THAT(answer->targets, ElementsAre(Target{.priority = 1, .host = "h.test", .port = 9000}));
}

TEST(DnsAnswers, RefusesWhatIsCutOrSaysNo) {
  using namespace std::string_view_literals;
  EXPECT_EQ(read("").error().code(), Code::kInvalidArgument);
  EXPECT_EQ(read(message("\0\1\0\2\x23\x28\0"sv)).error().code(), Code::kNotFound)
      << "target \".\"";
  EXPECT_EQ(read(message("\0\1\0\2\0\0\1h\0"sv)).error().code(), Code::kNotFound) << "port 0";
  const std::string whole = message("\0\1\0\2\x23\x28\1h\4test\0"sv);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(read(whole.substr(0, bytes))) << bytes;
  }
  EXPECT_EQ(read(message("\0\1\0\2\x23\x28\5h"sv)).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(read(message("\0\1\0\2\x23\x28\xc0\xff"sv)).error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace hal::net::dns
