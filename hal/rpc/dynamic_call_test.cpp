#include <hal/rpc/dynamic_call.hpp>

#include <hal/rpc/testing/echo_service.hpp>

#include <gmock/gmock.h>

namespace hal::rpc {
namespace {

using ::testing::HasSubstr;

class DynamicCallTest : public testing::EchoTest {
 protected:
  static Task<Result<std::string>> call_in(service::testing::TestHost* host, std::string_view path,
                                           std::string json) {
    DynamicCall call{Channel{*host, "echo"}, path};
    co_await or_return(call.prepare());
    co_return co_await call.send(std::move(json));
  }
  Result<std::string> call(std::string_view path, std::string json) {
    return host.run(call_in, &host, path, std::move(json));
  }
  std::string failure(std::string_view path, std::string json = "{}") {
    const auto result = call(path, std::move(json));
    return result ? "no error: " + *result : result.error().to_string();
  }
};

TEST_F(DynamicCallTest, CallsByReflection) {
  start_server();
  EXPECT_EQ(call("/test.rpc.Echo/Say", R"({"text":"hi"})"), R"({"text":"hi"})");
  EXPECT_EQ(call("/test.rpc.Echo/Say", R"({"reply_bytes":3})"), R"({"text":"xxx"})");
  EXPECT_EQ(call("/grpc.health.v1.Health/Check", "{}"), R"({"status":"SERVING"})");
}

TEST_F(DynamicCallTest, SaysWhatIsWrong) {
  start_server();
  EXPECT_THAT(failure("/test.rpc.Echo/Say", R"({"nothing":1})"), HasSubstr("INVALID_ARGUMENT: "));
  EXPECT_THAT(failure("/test.rpc.Echo/Nothing"),
              HasSubstr("NOT_FOUND: test.rpc.Echo has no method Nothing; it has Say, Fail, Wait"));
  EXPECT_THAT(failure("/test.rpc.Nobody/Say"), HasSubstr("NOT_FOUND: reflection: "));
  EXPECT_THAT(failure("/test.rpc.Echo/Watch"), HasSubstr("UNIMPLEMENTED: test.rpc.Echo.Watch has"));
  EXPECT_EQ(failure("/test.rpc.Echo/Fail", R"({"code":5,"text":"no such thing"})"),
            "NOT_FOUND: no such thing");
}

TEST_F(DynamicCallTest, WithoutReflectionTheRequestGoesAsItIs) {
  start_server({.reflection = false});
  EXPECT_EQ(call("/test.rpc.Echo/Say", R"({"text":"hi"})"), R"({"text":"hi"})");
  EXPECT_EQ(failure("/test.rpc.Echo/Fail", R"({"code":5,"text":"no such thing"})"),
            "NOT_FOUND: no such thing");
  EXPECT_THAT(failure("/test.rpc.Echo/Say", "[1]"), HasSubstr("INVALID_ARGUMENT: "));
  EXPECT_THAT(failure("/test.rpc.Echo/Nothing"),
              HasSubstr("UNIMPLEMENTED: sent as JSON, as the server has no reflection "
                        "(grpc.reflection.v1): "));
}

}  // namespace
}  // namespace hal::rpc
