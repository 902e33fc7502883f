#include <hal/app/admin.hpp>

#include <gtest/gtest.h>

#include <hal/net/port_holder.hpp>

namespace hal::app {
namespace {

TEST(ChooseAdminPort, WhatIsSetWins) {
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 8081, 9999}) {
    AppOptions options;
    options.admin_port = config::Port{port};
    options.service_port = config::Port{8081};
    EXPECT_EQ(choose_admin_port(options, false).number(), port);
    EXPECT_EQ(choose_admin_port(options, true).number(), port);
  }
}

TEST(ChooseAdminPort, UnsetItGivesWayOutsideAPodOnly) {
  AppOptions options{.service_host = "127.0.0.1"};
  EXPECT_EQ(choose_admin_port(options, true).number(), 8081);
  // Some other program of this machine may have it, now or then.
  const auto chosen = choose_admin_port(options, false).number();
  EXPECT_TRUE(chosen == 8081 || chosen == 0) << chosen;
  options.service_port = config::Port{8081};
  EXPECT_EQ(choose_admin_port(options, false).number(), 0);
  EXPECT_EQ(choose_admin_port(options, true).number(), 8081);
}

}  // namespace
}  // namespace hal::app
