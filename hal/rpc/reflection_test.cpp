// What tools without a .proto learn from a server.
#include <hal/rpc/reflection.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_call.hpp>

#include <google/protobuf/descriptor.pb.h>
#include <hal/internal/reflection.pb.h>

namespace hal::rpc {
namespace {

using internal::reflection::ServerReflectionRequest;
using internal::reflection::ServerReflectionResponse;
using testing::RawCall;

constexpr std::string_view kV1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr std::string_view kV1Alpha =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

ServerReflectionRequest symbol(std::string name) {
  ServerReflectionRequest made;
  made.set_file_containing_symbol(std::move(name));
  return made;
}

ServerReflectionRequest file(std::string name) {
  ServerReflectionRequest made;
  made.set_file_by_filename(std::move(name));
  return made;
}

using Files = std::vector<google::protobuf::FileDescriptorProto>;

class ReflectionTest : public testing::EchoTest {
 protected:
  ~ReflectionTest() override { host.shut_down(); }
  void connect() { connection = testing::open_connection(host, kPort); }
  void start(const ServerOptions& options = {}) {
    start_server(options);
    connect();
  }
  static ServerReflectionResponse ask(RawCall& call, const ServerReflectionRequest& request) {
    const auto response = call.send(request).next<ServerReflectionResponse>();
    EXPECT_TRUE(response);
    return response.value_or(ServerReflectionResponse{});
  }
  static Files files(const ServerReflectionResponse& response) {
    Files made;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      EXPECT_TRUE(made.emplace_back().ParseFromString(bytes));
    }
    return made;
  }

  std::shared_ptr<transport::Http2Connection> connection;
};

TEST_F(ReflectionTest, lists_the_services_in_both_versions) {
  start();
  ServerReflectionRequest list;
  list.set_host("here");
  list.set_list_services("*");
  for (const auto path : {kV1, kV1Alpha}) {
    RawCall call{host, *connection, path};
    const auto response = ask(call, list);
    EXPECT_EQ(response.valid_host(), "here");
    EXPECT_EQ(response.original_request().list_services(), "*");
    std::vector<std::string> names;
    for (const auto& service : response.list_services_response().service()) {
      names.push_back(service.name());
    }
    EXPECT_EQ(names, (std::vector<std::string>{
                         "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                         "grpc.reflection.v1alpha.ServerReflection", "test.rpc.Echo"}));
    call.end();
    EXPECT_EQ(call.status(), Status{});
  }
}

TEST_F(ReflectionTest, finds_files_by_what_is_in_them) {
  start();
  for (const std::string name :
       {"test.rpc.Echo", "test.rpc.Echo.Say", "test.rpc.Request", "test.rpc.Request.text"}) {
    RawCall call{host, *connection, kV1};
    const auto found = files(ask(call, symbol(name)));
    ASSERT_EQ(found.size(), 1) << name;
    EXPECT_EQ(found[0].name(), "testing/echo.proto");
    EXPECT_EQ(found[0].package(), "test.rpc");
    EXPECT_EQ(found[0].service(0).method_size(), 5);
  }
}

TEST_F(ReflectionTest, serves_the_kits_services_under_their_public_names) {
  start();
  struct Public {
    std::string service;
    std::string path;
    std::string request;
  };
  for (const auto& [service, path, request_type] : std::initializer_list<Public>{
           {"grpc.health.v1.Health", "grpc/health/v1/health.proto",
            ".grpc.health.v1.HealthCheckRequest"},
           {"grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto",
            ".grpc.reflection.v1.ServerReflectionRequest"},
           {"grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto",
            ".grpc.reflection.v1alpha.ServerReflectionRequest"}}) {
    RawCall call{host, *connection, kV1};
    const auto found = files(ask(call, symbol(service)));
    ASSERT_EQ(found.size(), 1) << service;
    EXPECT_EQ(found[0].name(), path);
    EXPECT_EQ(found[0].service(0).method(0).input_type(), request_type);
    EXPECT_EQ(found[0].DebugString().find("hal.internal"), std::string::npos);
    RawCall by_name{host, *connection, kV1};
    EXPECT_EQ(files(ask(by_name, file(path))).size(), 1);
  }
}

TEST_F(ReflectionTest, sends_no_file_twice_on_a_stream) {
  start();
  RawCall call{host, *connection, kV1};
  EXPECT_EQ(files(ask(call, symbol("test.rpc.Echo"))).size(), 1);
  // Asked for again, the file itself comes again: only imports are left out.
  EXPECT_EQ(files(ask(call, file("testing/echo.proto"))).size(), 1);
}

TEST_F(ReflectionTest, says_what_it_does_not_know_and_goes_on) {
  start();
  RawCall call{host, *connection, kV1};
  ServerReflectionRequest extension;
  extension.mutable_file_containing_extension()->set_containing_type("test.rpc.Request");
  extension.mutable_file_containing_extension()->set_extension_number(7);
  ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type("no.Type");
  struct Case {
    ServerReflectionRequest request;
    Code code;
    std::string message;
  };
  for (const auto& [request, code, message] : std::initializer_list<Case>{
           {symbol("test.rpc.Nothing"), Code::kNotFound, "unknown symbol: test.rpc.Nothing"},
           {symbol(""), Code::kNotFound, "unknown symbol: "},
           // Linked into this program, but nothing that the server speaks of.
           {symbol("hal.internal.health.Health"), Code::kNotFound,
            "unknown symbol: hal.internal.health.Health"},
           {file("no.proto"), Code::kNotFound, "unknown file: no.proto"},
           {extension, Code::kNotFound, "unknown extension: 7 of test.rpc.Request"},
           {numbers, Code::kNotFound, "unknown type: no.Type"},
           {{}, Code::kInvalidArgument, "the request asks for nothing"}}) {
    const auto response = ask(call, request);
    EXPECT_EQ(response.error_response().error_code(), static_cast<int>(code));
    EXPECT_EQ(response.error_response().error_message(), message);
  }
  numbers.set_all_extension_numbers_of_type("test.rpc.Request");
  const auto response = ask(call, numbers);
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(), "test.rpc.Request");
  EXPECT_EQ(response.all_extension_numbers_response().extension_number_size(), 0);
}

TEST_F(ReflectionTest, an_idle_stream_does_not_hold_up_a_drain) {
  start();
  RawCall call{host, *connection, kV1};
  ask(call, symbol("test.rpc.Echo"));
  host.manual_loop().advance(std::chrono::hours{1});
  EXPECT_FALSE(call.status());
  host.drain().start();
  host.manual_loop().run_ready();
  ASSERT_TRUE(call.status());
  EXPECT_EQ(call.status()->code(), Code::kUnavailable);
  EXPECT_EQ(server_ended, Status{});
}

TEST_F(ReflectionTest, can_be_switched_off) {
  start({.reflection = false});
  RawCall call{host, *connection, kV1};
  host.manual_loop().run_ready();
  ASSERT_TRUE(call.status());
  EXPECT_EQ(call.status()->code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace hal::rpc
