// Header lists that are larger than one side allows.
#include <hal/wire/http2.hpp>

#include <hal/wire/testing/http2_pair.hpp>

namespace hal::wire::http2 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Pair;
using testing::unlimited_answer;

TEST(Http2Limits, ATooLargeRequestHeadIsAnswered431) {
  Settings tight;
  tight.header_list_bytes = 300;
  Pair pair{{}, tight};
  Headers big = pair.kRequest;
  big.add("x-big", std::string(200, 'x'));
  ASSERT_TRUE(pair.client.submit_request(big, false).has_value());
  pair.run();
  EXPECT_THAT(pair.at_server.log, ElementsAre());
  EXPECT_THAT(pair.at_client.take(),
              ElementsAre("1 headers :status=431 |", "1 end", "1 close NO_ERROR"));
  EXPECT_THAT(pair.server.last_error(), HasSubstr("300"));
  EXPECT_EQ(pair.server.open_streams(), 0U);
}

TEST(Http2Limits, ATooLargeResponseHeadIsReset) {
  Settings tight;
  tight.header_list_bytes = 400;
  const Headers head{{":status", "200"}};
  Headers big = head;
  big.add("x", std::string(400, 'x'));
  const auto in_head =
      unlimited_answer([&](Session& server) { ASSERT_TRUE(server.submit_response(1, big, true)); });
  const auto in_trailers = unlimited_answer([&](Session& server) {
    ASSERT_TRUE(server.submit_response(1, head, false));
    ASSERT_TRUE(server.send_trailers(1, {{"x", std::string(400, 'x')}}));
  });
  const auto expect_reset = [&](const std::string& bytes, const std::vector<std::string>& before) {
    Pair pair{tight, {}};
    pair.request();
    pair.run();
    ASSERT_TRUE(pair.client.receive(bytes));
    pair.run();
    auto expected = before;
    expected.insert(expected.end(), {"1 header list over", "1 close ENHANCE_YOUR_CALM"});
    EXPECT_EQ(pair.at_client.log, expected);
    EXPECT_EQ(pair.at_server.log.back(), "1 close ENHANCE_YOUR_CALM");
  };
  expect_reset(in_head, {});
  expect_reset(in_trailers, {"1 headers :status=200"});
}

TEST(Http2Limits, HeaderListsThatAreSentKeepToBothSidesLimits) {
  Headers big{{":status", "200"}};
  big.add("x", std::string(300, 'x'));
  const std::size_t size = 7 + 3 + 32 + 1 + 300 + 32;
  const std::uint32_t below = size - 1;
  const std::string over = fmt::format("a header list of {} bytes is over the ", size);
  const auto limit = [](std::uint32_t bytes) {
    Settings settings;
    settings.header_list_bytes = bytes;
    return settings;
  };
  const struct {
    Settings client, server;
    std::string wrong;
  } cases[] = {
      {limit(size), limit(size), ""},
      {limit(below), {}, fmt::format("client's limit of {}", below)},
      {{}, limit(below), fmt::format("server's limit of {}", below)},
  };
  for (const auto& [client, server, wrong] : cases) {
    Pair pair{client, server};
    const StreamId answered = pair.request();
    const StreamId ended = pair.request();
    pair.run();
    ASSERT_TRUE(pair.server.submit_response(ended, {{":status", "200"}}, false));
    const auto expect = [&](const auto& result) {
      EXPECT_EQ(result.has_value(), wrong.empty());
      if (result) return;
      EXPECT_EQ(result.error().code(), Code::kResourceExhausted);
      EXPECT_THAT(result.error().message(), HasSubstr(over + wrong));
    };
    expect(pair.client.submit_request(big, true));
    expect(pair.server.submit_response(answered, big, true));
    expect(pair.server.send_trailers(ended, big));
    // Nothing has been sent, and a smaller one may be.
    if (wrong.empty()) continue;
    EXPECT_TRUE(pair.server.submit_response(answered, {{":status", "200"}}, true));
    EXPECT_TRUE(pair.server.send_trailers(ended, {{"x", "y"}}));
    pair.at_client.take();
    pair.run();
    EXPECT_THAT(pair.at_client.log,
                ElementsAre("3 headers :status=200", "1 headers :status=200 |", "1 end",
                            "1 close NO_ERROR", "3 trailers x=y", "3 end", "3 close NO_ERROR"));
  }
}

TEST(Http2Limits, NoHeaderListWithinTheLimitsIsTooLargeForTheLibrary) {
  // Many short fields are the most that its bound of the compressed size can be above ours.
  Pair pair;
  Headers many = pair.kRequest;
  std::size_t size = 0;
  for (const auto field : many) size += field.name.size() + field.value.size() + 32;
  while (size + 33 <= Settings{}.header_list_bytes) {
    many.add("x", "");
    size += 33;
  }
  ASSERT_TRUE(pair.client.submit_request(many, true));
  pair.run();
  EXPECT_EQ(pair.at_server.log.size(), 2U);
  EXPECT_EQ(pair.at_server.log.back(), "1 end");
}

}  // namespace
}  // namespace hal::wire::http2
