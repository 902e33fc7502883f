#include <hal/net/port_holder.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/net/listener.hpp>

#include <fmt/format.h>

#include <fstream>

namespace hal::net {
namespace {

namespace fs = std::filesystem;

/// A /proc with the sockets a test wants.
class FakeProc {
 public:
  FakeProc() : root_{fs::path{::testing::TempDir()} / fmt::format("hal-proc-{}", ::getpid())} {
    fs::create_directories(root_ / "net");
    fs::create_directories(root_ / "self/fd");
    tables_ = {{"tcp", "  sl  local_address ...\n"}, {"tcp6", "  sl  local_address ...\n"}};
    write_tables();
  }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;
  ~FakeProc() { fs::remove_all(root_); }

  void add_socket(const std::string& address, const std::string& state, int uid, int inode) {
    const bool ipv6 = address.size() > 13;
    tables_[ipv6 ? "tcp6" : "tcp"] +=
        fmt::format("   0: {} {}:0000 {} 00000000:00000000 00:00000000 00000000 {:5} 0 {} 1 ff\n",
                    address, std::string(ipv6 ? 32 : 8, '0'), state, uid, inode);
    write_tables();
  }
  void add_process(const std::string& pid, const std::string& name, int inode) {
    fs::create_directories(root_ / pid / "fd");
    std::ofstream{root_ / pid / "comm"} << name << '\n';
    fs::create_symlink("/dev/null", root_ / pid / "fd/0");
    fs::create_symlink(fmt::format("socket:[{}]", inode), root_ / pid / "fd/3");
  }
  [[nodiscard]] const fs::path& root() const { return root_; }

 private:
  void write_tables() {
    for (const auto& [name, text] : tables_) std::ofstream{root_ / "net" / name} << text;
  }
  fs::path root_;
  std::map<std::string, std::string> tables_;
};

constexpr auto kAny4 = "00000000:1F90";
constexpr auto kLoopback4 = "0100007F:1F90";
constexpr auto kAny6 = "00000000000000000000000000000000:1F90";
constexpr auto kLoopback6 = "00000000000000000000000001000000:1F90";
constexpr auto kMapped = "0000000000000000FFFF00000100007F:1F90";

TEST(PortHolder, ReadsTheTables) {
  FakeProc proc;
  proc.add_socket(kLoopback4, "0A", 1000, 11);
  proc.add_socket(kLoopback6, "0A", 0, 12);
  proc.add_socket(kMapped, "0A", 0, 13);
  proc.add_socket(kAny4, "0A", 0, 14);
  proc.add_socket(kLoopback4, "01", 0, 15);  // established
  proc.add_socket("0100007F:1F91", "0A", 0, 16);
  proc.add_socket("nonsense", "0A", 0, 17);
  std::vector<std::string> found;
  for (const auto& socket : listening_sockets(8080, proc.root())) {
    found.push_back(fmt::format("{} {} {}", to_string(socket.address), socket.inode, socket.uid));
  }
  EXPECT_THAT(found, ::testing::UnorderedElementsAre("127.0.0.1:8080 11 1000", "[::1]:8080 12 0",
                                                     "127.0.0.1:8080 13 0", ":8080 14 0"));
}

TEST(PortHolder, NamesTheProcess) {
  FakeProc proc;
  proc.add_socket(kAny4, "0A", 33, 20);
  EXPECT_EQ(port_holder({"", 8080}, proc.root()), "a process of uid 33 that this user cannot see");
  proc.add_process("41", "sshd", 19);
  proc.add_process("123", "nginx", 20);
  EXPECT_EQ(port_holder({"", 8080}, proc.root()), "nginx (pid 123)");
  EXPECT_EQ(port_holder({"", 8081}, proc.root()), "a socket that is bound and does not listen");
  EXPECT_EQ(port_holder({"", 8080}, proc.root() / "nowhere"),
            "a process that cannot be found: /proc/net/tcp is not readable");
}

TEST(PortHolder, FindsWhatOverlaps) {
  struct Case {
    std::string host;
    std::string_view other;
    bool overlaps;
  };
  const Case cases[] = {
      {"", kLoopback4, true},
      {"", kLoopback6, true},
      {"", kAny6, true},
      {"127.0.0.1", kLoopback4, true},
      {"127.0.0.1", kMapped, true},
      {"127.0.0.1", kAny4, true},
      {"127.0.0.1", kAny6, true},
      {"127.0.0.1", kLoopback6, false},
      {"127.0.0.2", kLoopback4, false},
      {"localhost", kLoopback4, true},
      {"0.0.0.0", kLoopback4, true},
      {"0.0.0.0", kLoopback6, false},
      {"::1", kLoopback6, true},
      {"::1", kAny4, false},
      {"::", kLoopback4, true},
  };
  for (const auto& [host, other, overlaps] : cases) {
    FakeProc proc;
    proc.add_socket(std::string{other}, "0A", 0, 30);
    EXPECT_EQ(!foreign_holder({host, 8080}, proc.root()).empty(), overlaps)
        << host << " beside " << other;
  }
}

TEST(PortHolder, LeavesOutThisProcess) {
  FakeProc proc;
  proc.add_socket(kAny4, "0A", 0, 40);
  proc.add_process("self", "me", 40);
  EXPECT_EQ(foreign_holder({"", 8080}, proc.root()), "");
  proc.add_socket(kLoopback4, "0A", 0, 41);
  proc.add_process("7", "them", 41);
  EXPECT_EQ(foreign_holder({"", 8080}, proc.root()), "them (pid 7)");
}

TEST(PortHolder, ProbesPorts) {
  const auto port = free_port("127.0.0.1");
  ASSERT_TRUE(port.has_value());
  EXPECT_NE(*port, 0);
  EXPECT_EQ(free_port("example.org").error().code(), Code::kInvalidArgument);
  IoLoop loop;
  bool free_again = false;
  for (int i = 0; i < 100 && !free_again; ++i) {
    const auto listener = listen_tcp(loop, {.host = "127.0.0.1"});
    // The listener would share the port, a probe does not.
    EXPECT_EQ(probe_port((*listener)->local()).error().code(), Code::kAlreadyExists);
    EXPECT_EQ(foreign_holder((*listener)->local()), "");
    (*listener)->close();
    // Unless the kernel has given it to another program of this machine in between.
    free_again = probe_port((*listener)->local()).has_value();
  }
  EXPECT_TRUE(free_again);
}

}  // namespace
}  // namespace hal::net
