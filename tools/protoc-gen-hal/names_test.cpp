#include "names.hpp"

#include <gtest/gtest.h>

namespace hal::protoc {
namespace {

struct Case {
  std::string_view name;
  std::string_view expected;
};

TEST(Names, methods_in_snake_case) {
  for (const auto& [name, expected] : std::initializer_list<Case>{
           {"SayHello", "say_hello"},
           {"Get", "get"},
           {"GetURL", "get_url"},
           {"GetURL2", "get_url2"},
           {"URL", "url"},
           {"HTTPServer", "http_server"},
           {"V1Beta2Get", "v1_beta2_get"},
           {"say_hello", "say_hello"},
           {"Say_Hello", "say_hello"},
           {"sayHello", "say_hello"},
           {"A", "a"},
           {"ABTest", "ab_test"},
           {"", ""},
       }) {
    EXPECT_EQ(snake_case(name), expected) << name;
  }
}

TEST(Names, a_function_is_no_keyword_and_no_member_of_the_class) {
  for (const auto& [name, expected] : std::initializer_list<Case>{
           {"Delete", "delete_"},
           {"New", "new_"},
           {"CoReturn", "co_return_"},
           {"Xor", "xor_"},
           {"FullName", "full_name_"},
           {"Methods", "methods_"},
           {"channel_", "channel__"},
           {"Deleted", "deleted"},
           {"Channel", "channel"},
       }) {
    EXPECT_EQ(function_name(name), expected) << name;
  }
}

TEST(Names, class_stems_lose_the_word_service) {
  for (const auto& [name, expected] : std::initializer_list<Case>{
           {"Greeter", "Greeter"},
           {"UserService", "User"},
           {"Service", "Service"},
           {"ServiceRegistry", "ServiceRegistry"},
       }) {
    EXPECT_EQ(class_stem(name), expected) << name;
  }
}

TEST(Names, packages_become_namespaces) {
  EXPECT_EQ(cpp_namespace("greeter"), "greeter");
  EXPECT_EQ(cpp_namespace("a.b.v1"), "a::b::v1");
  EXPECT_EQ(cpp_namespace(""), "");
}

}  // namespace
}  // namespace hal::protoc
