#include <hal/service/layers/strip_identity/strip_identity.hpp>

#include <gmock/gmock.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/testing/test_call.hpp>

namespace hal::layers {
namespace {

using service::Call;
using service::testing::TestTerminal;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What the handler sees, and what its calls send.
struct Seen {
  Fields headers;
  Fields passed_on;
};

Task<> look(Call& call, Seen* seen) {
  for (const auto field : *call.request_headers)
    seen->headers.emplace_back(field.name, field.value);
  Headers out;
  Call client{.kind = service::Kind::kClient, .request_headers = &out};
  TestTerminal terminal;
  co_await service::testing::run_call({std::make_shared<ClientTrace>(TraceOptions{})}, terminal,
                                      client);
  for (const auto field : out) seen->passed_on.emplace_back(field.name, field.value);
}

/// Behind a server's own layers, with all of these headers passed on.
Seen run(StripIdentity layer, Headers in) {
  const TraceOptions options{
      .extract = {.forward_headers = {"end-user", "x-hal-identity-name", "x-tenant", "x-user"}}};
  const service::Layers layers{std::make_shared<ServerTrace>(options),
                               std::make_shared<StripIdentity>(std::move(layer))};
  Seen seen;
  Call call{.request_headers = &in};
  TestTerminal terminal{[&seen](Call& c) { return look(c, &seen); }};
  EXPECT_TRUE(hal::testing::run(service::testing::run_call_body, &layers, &terminal, &call));
  EXPECT_EQ(terminal.calls, 1);
  return seen;
}

TEST(StripIdentity, TakesAwayWhoACallerClaimsToBe) {
  const auto seen = run(StripIdentity{}, {{"x-request-id", "1"},
                                          {"End-User", "root"},
                                          {"x-tenant", "a"},
                                          {"end-user", "admin"},
                                          {"X-Hal-Identity-Name", "root"},
                                          {"x-hal-identity-", "root"},
                                          {"x-user", "jo"}});
  EXPECT_THAT(seen.headers,
              ElementsAre(Pair("x-request-id", "1"), Pair("x-tenant", "a"), Pair("x-user", "jo")));
  EXPECT_THAT(seen.passed_on, UnorderedElementsAre(Pair("x-request-id", "1"), Pair("x-tenant", "a"),
                                                   Pair("x-user", "jo")));
}

TEST(StripIdentity, TakesAwayWhatElseItIsTold) {
  const auto seen = run(StripIdentity{{"X-User"}}, {{"x-user", "jo"}, {"end-user", "jo"}});
  EXPECT_TRUE(seen.headers.empty());
  EXPECT_TRUE(seen.passed_on.empty());
}

TEST(StripIdentity, LeavesTheRestAlone) {
  const Headers in{
      {"end-users", "2"}, {"x-end-user", "jo"}, {"x-hal-identity", "a"}, {"x-user", "jo"}};
  const auto seen = run(StripIdentity{}, in);
  EXPECT_EQ(seen.headers.size(), in.size());
  EXPECT_THAT(seen.passed_on, ElementsAre(Pair("x-user", "jo")));
}

}  // namespace
}  // namespace hal::layers
