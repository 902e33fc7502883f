#include <hal/rpc/authority.hpp>

#include <gtest/gtest.h>

namespace hal::rpc {
namespace {

TEST(Authority, IsWhatHttp2AndTlsTake) {
  struct Case {
    const char* service;
    const char* authority;
    const char* host;
  };
  for (const auto& [service, authority, host] : {
           Case{"greeter", "greeter", "greeter"},
           {"go.micro.srv.greeter", "go.micro.srv.greeter", "go.micro.srv.greeter"},
           {"greeter:9000", "greeter:9000", "greeter"},
           {"10.0.0.1:80", "10.0.0.1:80", "10.0.0.1"},
           {"[::1]:80", "[::1]:80", "::1"},
           {"[::1]", "[::1]", "::1"},
           {"[::1", "[::1", "::1"},
           {"::1", "::1", "::1"},
           {"k8s://devel/greeter", "greeter", "greeter"},
           {"k8s://devel/greeter:grpc", "greeter", "greeter"},
           {"k8s://devel/", "k8s%3A%2F%2Fdevel%2F", "k8s%3A%2F%2Fdevel%2F"},
           {"team/greeter service", "greeter%20service", "greeter%20service"},
           {"user@greeter", "user%40greeter", "user%40greeter"},
           {"grüße\n", "gr%C3%BC%C3%9Fe%0A", "gr%C3%BC%C3%9Fe%0A"},
           {"", "", ""},
       }) {
    EXPECT_EQ(authority_of(service), authority) << service;
    EXPECT_EQ(tls_host_of(service), host) << service;
  }
}

}  // namespace
}  // namespace hal::rpc
