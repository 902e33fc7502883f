// A DNS server for tests.
#pragma once

#include <hal/base/file_descriptor.hpp>

#include <netinet/in.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hal::net::testing {

/// Answers on a UDP port of loopback, from a thread of its own. Names are whole and have no final
/// dot. Thread-safe.
class FakeDns {
 public:
  FakeDns();
  ~FakeDns();

  /// "127.0.0.1:40123", as ClientOptions want it.
  [[nodiscard]] std::string address() const;

  /// IPv4 and IPv6 addresses of a name; none: the name is there without them.
  void set_addresses(const std::string& name, const std::vector<std::string>& addresses,
                     std::uint32_t ttl_s);
  struct Srv {
    std::uint16_t priority;
    std::uint16_t port;
    std::string host;
  };
  void set_targets(const std::string& name, const std::vector<Srv>& targets, std::uint32_t ttl_s);
  void forget(const std::string& name);
  /// Answers to questions for the name are kept back from now on, until release(), which sends
  /// them.
  void hold(const std::string& name);
  void release(const std::string& name);
  /// 0: as it should be; 2: SERVFAIL to all; -1: no answer.
  void set_mood(int mood);
  /// SERVFAIL to this name, or no longer.
  void fail(const std::string& name, bool fails = true);
  /// Answers to these come only once all of them have been asked for.
  void hold_until_asked(std::vector<std::string> names);

  [[nodiscard]] std::size_t questions(std::string_view name) const;

 private:
  struct Record {
    std::uint16_t type;
    std::uint32_t ttl_s;
    std::string data;
  };
  struct Held {
    std::string reply;
    sockaddr_in to;
  };
  void run(const std::stop_token& stop);
  std::string answer(std::string_view question, const sockaddr_in& from);
  void send(const std::string& reply, const sockaddr_in& to) const;
  [[nodiscard]] bool holds() const;

  FileDescriptor socket_;
  FileDescriptor wake_up_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Record>> names_;
  std::vector<std::string> asked_;
  std::map<std::string, std::vector<Held>, std::less<>> held_;
  std::vector<std::string> hold_until_;
  std::set<std::string, std::less<>> failing_;
  int mood_ = 0;
  std::jthread thread_;
};

}  // namespace hal::net::testing
