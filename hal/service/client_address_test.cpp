#include <hal/service/client_address.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace hal::service {
namespace {

struct Case {
  unsigned trusted_proxies;
  std::vector<std::string> forwarded;
  std::string peer;
  std::string expected;
};

TEST(ClientAddress, TheNthFromTheRight) {
  const std::string peer = "10.0.0.9";
  const std::vector<Case> cases{
      {0, {}, peer, peer},
      {0, {"1.1.1.1"}, peer, peer},
      {1, {"1.1.1.1"}, peer, "1.1.1.1"},
      {1, {"6.6.6.6, 1.1.1.1"}, peer, "1.1.1.1"},
      {2, {"6.6.6.6, 1.1.1.1,2.2.2.2"}, peer, "1.1.1.1"},
      {2, {"6.6.6.6", "1.1.1.1", "2.2.2.2"}, peer, "1.1.1.1"},
      {3, {"1.1.1.1, 2.2.2.2"}, peer, peer},  // past a proxy
      {1, {}, peer, peer},
      {1, {""}, peer, peer},
      {4'000'000'000, {"1.1.1.1"}, peer, peer},
      {1, {"unknown"}, peer, peer},
      {1, {"1.1.1.1, "}, peer, peer},
      {1, {"1.1.1.1.1"}, peer, peer},
      {1, {"1.1.1.1:4711"}, peer, "1.1.1.1"},
      {1, {"2001:DB8:0::1"}, peer, "2001:db8::1"},
      {1, {"[2001:db8::1]:4711"}, peer, "2001:db8::1"},
      {1, {"[2001:db8::1"}, peer, "2001:db8::1"},
      {1, {"["}, peer, peer},
      {1, {"::ffff:1.2.3.4"}, peer, "1.2.3.4"},
      {0, {}, "::ffff:1.2.3.4", "1.2.3.4"},
      {0, {}, "::1", "::1"},
      {0, {}, "somewhere", "somewhere"},
      {1, {std::string(100'000, ',')}, peer, peer},
  };
  for (const auto& c : cases) {
    Headers headers;
    for (const auto& value : c.forwarded) headers.add("X-Forwarded-For", value);
    const Call call{.peer_host = c.peer, .request_headers = &headers};
    EXPECT_EQ(client_address(call, c.trusted_proxies), c.expected)
        << c.trusted_proxies << " of " << headers.joined("x-forwarded-for").value_or("none");
  }
}

TEST(ClientAddress, ANetworkIsOneClient) {
  EXPECT_EQ(client_network("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_network("2001:db8:1:2:ffff::"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_network("somewhere"), "somewhere");
  EXPECT_EQ(client_site("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
  EXPECT_EQ(client_site("192.0.2.1"), "");
  EXPECT_EQ(client_site("somewhere"), "");
}

}  // namespace
}  // namespace hal::service
