#include <hal/rpc/go_micro.hpp>

#include <gmock/gmock.h>

namespace hal::rpc::go_micro {
namespace {

using namespace std::chrono_literals;

TEST(GoMicro, ItsCallersSayTwoThings) {
  struct Case {
    Headers headers;
    bool is_caller;
  };
  for (const auto& [headers, is_one] : {
           Case{{{"content-type", "application/grpc+proto"}, {"x-content-type", "a"}}, true},
           {{{"content-type", "application/grpc+json"}, {"x-content-type", "a"}}, true},
           {{{"content-type", "application/grpc"}, {"x-content-type", "a"}}, false},
           {{{"content-type", "application/grpc+proto"}}, false},
           {{{"x-content-type", "application/grpc+proto"}}, false},
           {{}, false},
       }) {
    EXPECT_EQ(is_caller(headers), is_one);
  }
}

TEST(GoMicro, TimeoutsAreNanoseconds) {
  EXPECT_EQ(timeout_of({{"timeout", "5000000000"}}), 5s);
  EXPECT_EQ(timeout_of({{"timeout", "0"}}), 0s);
  EXPECT_EQ(timeout_of({{"timeout", "18446744073709551615"}}), Duration::max());
  for (const char* text : {"", "5s", "-1", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(timeout_of({{"timeout", text}}), std::nullopt) << text;
  }
  EXPECT_EQ(timeout_of({}), std::nullopt);
}

TEST(GoMicro, ContentTypesAreThoseOfItsCodecs) {
  for (const char* type : {"application/grpc", "application/grpc+json", "application/protobuf"}) {
    EXPECT_TRUE(check_content_type({{"x-content-type", type}})) << type;
  }
  EXPECT_EQ(check_content_type({{"x-content-type", "text/x"}}).error().to_string(),
            "UNKNOWN: there is no codec for x-content-type 'text/x'");
}

TEST(GoMicro, FailuresGoBothWays) {
  struct Case {
    Code code;
    int http;
    std::string_view phrase;
    Code back;  // when the server sends UNKNOWN beside it
  };
  for (const auto& [code, http, phrase, back] : {
           Case{Code::kInvalidArgument, 400, "Bad Request", Code::kInvalidArgument},
           {Code::kUnauthenticated, 401, "Unauthorized", Code::kUnauthenticated},
           {Code::kPermissionDenied, 403, "Forbidden", Code::kPermissionDenied},
           {Code::kNotFound, 404, "Not Found", Code::kNotFound},
           {Code::kDeadlineExceeded, 408, "Request Timeout", Code::kDeadlineExceeded},
           {Code::kAlreadyExists, 409, "Conflict", Code::kAlreadyExists},
           {Code::kAborted, 409, "Conflict", Code::kAlreadyExists},
           {Code::kFailedPrecondition, 412, "Precondition Failed", Code::kFailedPrecondition},
           {Code::kResourceExhausted, 429, "Too Many Requests", Code::kResourceExhausted},
           {Code::kInternal, 500, "Internal Server Error", Code::kInternal},
           {Code::kUnknown, 500, "Internal Server Error", Code::kInternal},
           {Code::kDataLoss, 500, "Internal Server Error", Code::kInternal},
           {Code::kUnimplemented, 501, "Not Implemented", Code::kUnimplemented},
           {Code::kUnavailable, 503, "Service Unavailable", Code::kUnavailable},
       }) {
    const Status micro = to_micro({code, "no \"x\""}, "greeter");
    EXPECT_EQ(micro.code(), code);
    EXPECT_EQ(micro.message(),
              fmt::format(R"({{"id":"greeter","code":{},"detail":"no \"x\"","status":"{}"}})", http,
                          phrase));
    EXPECT_EQ(from_micro({Code::kUnknown, micro.message()}), Status(back, "no \"x\""));
    if (code != Code::kUnknown) EXPECT_EQ(from_micro(micro), Status(code, "no \"x\""));
  }
  EXPECT_EQ(to_micro({}, "greeter"), Status{});
  EXPECT_EQ(from_micro({Code::kUnknown, R"({"id":"","code":777,"detail":"d","status":""})"}),
            Status(Code::kUnknown, "d"));
}

TEST(GoMicro, OtherMessagesStayAsTheyAre) {
  for (const char* message :
       {"no such thing", "", "{", "{}", "[1]", R"({"id":"a","code":404,"detail":"b"})",
        R"({"id":"a","code":"404","detail":"b","status":"c"})",
        R"({"id":"a","code":0,"detail":"b","status":"c"})",
        R"({"id":1,"code":404,"detail":"b","status":"c"})",
        R"({"id":"a","code":404,"detail":"b","status":"c","more":1})"}) {
    const Status status{Code::kNotFound, message};
    EXPECT_EQ(from_micro(status), status) << message;
  }
}

TEST(GoMicro, ItsServersAreToldByTheirMetadata) {
  const auto node = [](std::map<std::string, std::string> metadata) {
    return service::Node{
        .id{}, .address{}, .service{}, .version{}, .metadata = std::move(metadata)};
  };
  EXPECT_TRUE(is_server(node({{"server", "grpc"}, {"registry", "kubernetes"}})));
  EXPECT_FALSE(is_server(node({{"server", "grpc"}, {"hal", "0.1.0"}})));
  EXPECT_FALSE(is_server(node({{"server", "rpc"}})));
  EXPECT_FALSE(is_server(node({})));
}

TEST(GoMicro, HeadersComeAndGo) {
  const Headers before{{":path", "/a"}, {"content-type", "application/grpc"}};
  Headers headers = before;
  add_headers(headers, Codec::kProto, 5s);
  EXPECT_TRUE(is_caller(headers));
  EXPECT_EQ(timeout_of(headers), 5s);
  add_headers(headers, Codec::kProto, -1s);
  EXPECT_EQ(headers.get("timeout"), "0");
  add_headers(headers, Codec::kProto, std::nullopt);
  EXPECT_FALSE(headers.contains("timeout"));
  remove_headers(headers, Codec::kProto);
  EXPECT_TRUE(std::ranges::equal(headers, before));
  add_headers(headers, Codec::kJson, 5s);
  EXPECT_EQ(headers.get("content-type"), "application/grpc+json");
  EXPECT_EQ(headers.get("x-content-type"), "application/grpc+json");
  remove_headers(headers, Codec::kJson);
  EXPECT_EQ(headers.get("content-type"), "application/grpc+json");
  EXPECT_FALSE(headers.contains("x-content-type"));
}

}  // namespace
}  // namespace hal::rpc::go_micro
