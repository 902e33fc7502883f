// Generated code compiles under our warnings and says the right things about its services. That
// calls arrive is tested in hal/rpc.
#include <testdata/everything.hal.hpp>
#include <testdata/other.hal.hpp>

#include <hal/service/testing/test_host.hpp>

#include <gtest/gtest.h>

namespace hal {
namespace {

class Everything final : public test::everything::EverythingService {
 public:
  Task<Result<Reply>> upper(test::everything::Note request) override {
    Reply reply;
    reply.set_text(request.text() + "!");
    co_return reply;
  }
  Task<Result<Reply>> get_url2(Inner /*request*/) override { co_return Reply{}; }
  Task<Result<Empty>> delete_(Line /*request*/) override { co_return Empty{}; }
  Task<Result<test::everything::Note>> methods_(test::other::v1::Note /*request*/) override {
    co_return error(Code::kNotFound, "no note");
  }
};

TEST(Generated, a_service_knows_its_methods) {
  Everything service;
  EXPECT_EQ(service.full_name(), "test.everything.Everything");
  using Row = std::pair<std::string_view, rpc::MethodKind>;
  std::vector<Row> rows;
  for (const auto& method : service.methods()) rows.emplace_back(method.name, method.kind);
  EXPECT_EQ(rows, (std::vector<Row>{{"Upper", rpc::MethodKind::kUnary},
                                    {"GetURL2", rpc::MethodKind::kUnary},
                                    {"Delete", rpc::MethodKind::kUnary},
                                    {"Methods", rpc::MethodKind::kUnary},
                                    {"Watch", rpc::MethodKind::kServerStreaming},
                                    {"Upload", rpc::MethodKind::kClientStreaming},
                                    {"Chat", rpc::MethodKind::kBidiStreaming}}));
}

TEST(Generated, a_service_without_methods) {
  class Nothing final : public test::everything::NothingService {};
  EXPECT_TRUE(Nothing{}.methods().empty());
  EXPECT_EQ(Nothing{}.full_name(), "test.everything.Nothing");
}

Task<Result<test::everything::Reply>> call(service::Host* host) {
  test::everything::EverythingClient client{rpc::Channel{*host, "everything"}};
  test::everything::Note note;
  co_return co_await client.upper(note, {.timeout = std::chrono::seconds{1}});
}

TEST(Generated, a_client_calls_by_way_of_its_channel) {
  service::testing::TestHost host;
  const auto reply = host.run(call, static_cast<service::Host*>(&host));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kUnavailable);
  EXPECT_NE(reply.error().message().find("everything"), std::string::npos);
}

}  // namespace
}  // namespace hal
