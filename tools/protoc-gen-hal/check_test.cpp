#include "check.hpp"

#include "testing.hpp"

#include <gtest/gtest.h>

namespace hal::protoc {
namespace {

struct Case {
  std::string_view proto;
  std::string_view error;
};

TEST(Check, says_where_and_why_a_name_cannot_be_generated) {
  for (const auto& [proto, expected] : std::initializer_list<Case>{
           {"syntax = \"proto3\";\n"
            "message M {}\n"
            "service Greeter {\n"
            "  rpc SayHello(M) returns (M);\n"
            "  rpc sayHello(M) returns (M);\n"
            "}\n",
            "dir/a.proto:5: rpc SayHello and rpc sayHello would both be the function say_hello()"},
           {"syntax = \"proto3\";\n"
            "service User {}\n"
            "service UserService {}\n",
            "dir/a.proto:3: service User and service UserService would both be the class "
            "UserService"},
           {"syntax = \"proto3\";\n"
            "message GreeterClient {}\n"
            "service Greeter {}\n",
            "dir/a.proto:3: service Greeter would be the class GreeterClient, which message "
            "GreeterClient is already"},
           {"syntax = \"proto3\";\n"
            "enum GreeterService { ZERO = 0; }\n"
            "service Greeter {}\n",
            "dir/a.proto:3: service Greeter would be the class GreeterService, which enum "
            "GreeterService is already"},
           {"syntax = \"proto2\";\n"
            "option cc_generic_services = true;\n"
            "service UserService {}\n",
            "dir/a.proto:3: service UserService would be the class UserService, which the class "
            "that cc_generic_services makes of service UserService is already"},
       }) {
    const auto made = testing::generate("dir/a.proto", proto);
    EXPECT_EQ(made.error, expected);
    EXPECT_EQ(made.header, "");
  }
}

TEST(Check, names_that_only_look_alike_pass) {
  for (const std::string_view proto : {
           "syntax = \"proto3\";\n"
           "message Greeter {}\n"
           "message Outer { message GreeterClient {} }\n"
           "service GreeterService { rpc Get(Greeter) returns (Greeter);\n"
           "  rpc GetAll(Greeter) returns (Greeter); }\n",
           "syntax = \"proto2\";\n"
           "option cc_generic_services = true;\n"
           "service Greeter {}\n",
       }) {
    EXPECT_EQ(testing::generate("a.proto", proto).error, "");
  }
}

}  // namespace
}  // namespace hal::protoc
