#include <hal/cli/services.hpp>

#include <gtest/gtest.h>

namespace hal::cli {
namespace {

using service::Node;

const std::vector<Node>& nodes() {
  static const std::vector<Node> all{{.id = "api-1",
                                      .address = "10.0.0.1:8080",
                                      .service = "api",
                                      .version = "v1",
                                      .metadata = {{"started", "2026-11-25T10:00:00Z"}},
                                      .endpoints = {"/a", "/b", "/c", "/d", "/e"}},
                                     {.id = "greeter-1",
                                      .address = "10.0.0.2:8080",
                                      .service = "greeter",
                                      .version = "v1",
                                      .metadata = {{"started", "yesterday"}},
                                      .endpoints = {"Greeter.SayHello"}},
                                     {.id = "greeter-2",
                                      .address = "10.0.0.3:8080",
                                      .service = "greeter",
                                      .version = "v1",
                                      .metadata{}},
                                     {.id = "greeter-3",
                                      .address = "10.0.0.4:8080",
                                      .service = "greeter",
                                      .version = "",
                                      .metadata = {{"started", "2026-11-20T10:00:00Z"}}}};
  return all;
}

constexpr std::chrono::sys_seconds kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} +
                                          std::chrono::hours{10} + std::chrono::seconds{90};

TEST(Services, AreATable) {
  EXPECT_EQ(services_table(nodes(), kNow),
            "SERVICE  VERSION  ADDRESS        AGE  ENDPOINTS\n"
            "api      v1       10.0.0.1:8080  90s  /a, /b, /c, /d and 1 more\n"
            "greeter  v1       10.0.0.2:8080  -    Greeter.SayHello\n"
            "greeter  v1       10.0.0.3:8080  -\n"
            "greeter  -        10.0.0.4:8080  5d\n");
}

TEST(Services, OfOthersDoNotReachTheTerminalRaw) {
  const std::vector<Node> all{{.id = "a-1",
                               .address = "10.0.0.1:80\r",
                               .service = "a",
                               .version = "\033]0;x\a",
                               .metadata{},
                               .endpoints = {"Größe", "\x9b"}}};
  EXPECT_EQ(services_table(all, kNow),
            "SERVICE  VERSION  ADDRESS       AGE  ENDPOINTS\n"
            "a        ?]0;x?   10.0.0.1:80?  -    Größe, ?\n");
}

TEST(Services, AreJsonByServiceAndVersion) {
  EXPECT_EQ(services_json(std::span{nodes()}.subspan(1), kNow),
            R"([{"name":"greeter","version":"v1","nodes":[{"id":"greeter-1",)"
            R"("address":"10.0.0.2:8080","age_s":null,"metadata":{"started":"yesterday"}},)"
            R"({"id":"greeter-2","address":"10.0.0.3:8080","age_s":null,"metadata":{}}],)"
            R"("endpoints":["Greeter.SayHello"]},{"name":"greeter","version":"","nodes":[)"
            R"({"id":"greeter-3","address":"10.0.0.4:8080","age_s":432090,)"
            R"("metadata":{"started":"2026-11-20T10:00:00Z"}}],"endpoints":[]}])"
            "\n");
  EXPECT_EQ(services_json({}, kNow), "[]\n");
}

TEST(Services, OfARegistryThatCannotListAreNotNone) {
  EXPECT_EQ(listing_note("local", false), "");
  EXPECT_EQ(listing_note("kubernetes", true), "the kubernetes registry knows no service");
  for (const char* registry : {"dns", "endpointslice", "static"}) {
    EXPECT_FALSE(can_list(registry));
    EXPECT_EQ(listing_note(registry, true),
              fmt::format("the {} registry cannot list its services: it answers for a name, as in "
                          "`hal call --service=name`",
                          registry));
    EXPECT_EQ(listing_note(registry, false),
              fmt::format("the {} registry cannot list its services beside HAL_STATIC_ADDRESSES: "
                          "it answers for a name, as in `hal call --service=name`",
                          registry));
  }
}

}  // namespace
}  // namespace hal::cli
