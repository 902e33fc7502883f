#include <hal/net/testing/fake_dns.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace hal::net::testing {
namespace {

constexpr std::size_t kHeaderBytes = 12;

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

std::string labels_of(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return out + '\0';
}

/// The name of the first question, in lower case; `at` moves behind it.
std::string name_at(std::string_view message, std::size_t& at) {
  std::string name;
  while (at < message.size() && message[at] != 0) {
    const auto bytes = static_cast<std::size_t>(message[at]);
    if (!name.empty()) name += '.';
    name += message.substr(at + 1, bytes);
    at += bytes + 1;
  }
  ++at;
  return ascii_lower(name);
}

}  // namespace

FakeDns::FakeDns()
    : socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)},
      wake_up_{::eventfd(0, EFD_CLOEXEC)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  expects(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
          "there is a port on loopback");
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

FakeDns::~FakeDns() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  (void)!::write(wake_up_.get(), &one, sizeof one);
  thread_.join();
}

std::string FakeDns::address() const {
  sockaddr_in address{};
  socklen_t bytes = sizeof address;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &bytes);
  return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

void FakeDns::set_addresses(const std::string& name, const std::vector<std::string>& addresses,
                            std::uint32_t ttl_s) {
  std::vector<Record> records;
  for (const auto& text : addresses) {
    const bool six = text.contains(':');
    std::array<char, sizeof(in6_addr)> bytes{};
    expects(inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1, "an address");
    records.push_back({.type = static_cast<std::uint16_t>(six ? ns_t_aaaa : ns_t_a),
                       .ttl_s = ttl_s,
                       .data = std::string{bytes.data(), six ? 16U : 4U}});
  }
  const std::lock_guard lock{mutex_};
  names_[name] = std::move(records);
}

void FakeDns::set_targets(const std::string& name, const std::vector<Srv>& targets,
                          std::uint32_t ttl_s) {
  std::vector<Record> records;
  for (const auto& target : targets) {
    Record record{.type = ns_t_srv, .ttl_s = ttl_s, .data{}};
    put16(record.data, target.priority);
    put16(record.data, 0);
    put16(record.data, target.port);
    record.data += labels_of(target.host);
    records.push_back(std::move(record));
  }
  const std::lock_guard lock{mutex_};
  names_[name] = std::move(records);
}

void FakeDns::forget(const std::string& name) {
  const std::lock_guard lock{mutex_};
  names_.erase(name);
}

void FakeDns::hold(const std::string& name) {
  const std::lock_guard lock{mutex_};
  held_[name];
}

void FakeDns::release(const std::string& name) {
  const std::lock_guard lock{mutex_};
  const auto held = held_.extract(name);
  if (held.empty()) return;
  for (const auto& each : held.mapped()) send(each.reply, each.to);
}

void FakeDns::set_mood(int mood) {
  const std::lock_guard lock{mutex_};
  mood_ = mood;
}

void FakeDns::fail(const std::string& name, bool fails) {
  const std::lock_guard lock{mutex_};
  if (fails) {
    failing_.insert(name);
  } else {
    failing_.erase(name);
  }
}

void FakeDns::hold_until_asked(std::vector<std::string> names) {
  const std::lock_guard lock{mutex_};
  hold_until_ = std::move(names);
}

/// The answer to the last question.
bool FakeDns::holds() const {
  const std::lock_guard lock{mutex_};
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  return is_in(hold_until_, asked_.back()) &&
         std::ranges::any_of(hold_until_, [&](const auto& name) { return !is_in(asked_, name); });
}

std::size_t FakeDns::questions(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  return static_cast<std::size_t>(std::ranges::count(asked_, name));
}

void FakeDns::run(const std::stop_token& stop) {
  std::vector<Held> held;
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> polled{{{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = wake_up_.get(), .events = POLLIN, .revents = 0}}};
    (void)::poll(polled.data(), polled.size(), -1);
    if ((polled[0].revents & POLLIN) == 0) continue;
    std::array<char, 1500> buffer{};
    sockaddr_in from{};
    socklen_t from_bytes = sizeof from;
    const auto bytes = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &from_bytes);
    if (bytes < static_cast<ssize_t>(kHeaderBytes)) continue;
    const auto reply = answer({buffer.data(), static_cast<std::size_t>(bytes)}, from);
    if (!reply.empty()) held.push_back({.reply = reply, .to = from});
    if (holds()) continue;
    for (const auto& each : held) send(each.reply, each.to);
    held.clear();
  }
}

void FakeDns::send(const std::string& reply, const sockaddr_in& to) const {
  (void)::sendto(socket_.get(), reply.data(), reply.size(), 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

std::string FakeDns::answer(std::string_view question, const sockaddr_in& from) {
  std::size_t end = kHeaderBytes;
  const auto name = name_at(question, end);
  const auto type = static_cast<unsigned>(static_cast<unsigned char>(question[end]) << 8 |
                                          static_cast<unsigned char>(question[end + 1]));
  end += 4;
  const std::lock_guard lock{mutex_};
  asked_.push_back(name);
  if (mood_ < 0) return {};
  const auto known = names_.find(name);
  std::string records;
  unsigned count = 0;
  if (known != names_.end() && mood_ == 0 && !failing_.contains(name)) {
    for (const auto& record : known->second) {
      if (record.type != type) continue;
      ++count;
      put16(records, 0xc00c);  // the name of the question
      put16(records, record.type);
      put16(records, ns_c_in);
      put32(records, record.ttl_s);
      put16(records, static_cast<unsigned>(record.data.size()));
      records += record.data;
    }
  }
  unsigned code = known == names_.end() ? 3 : 0;
  if (failing_.contains(name)) code = 2;
  if (mood_ > 0) code = static_cast<unsigned>(mood_);
  std::string reply{question.substr(0, 2)};
  put16(reply, 0x8580 | code);  // a response, authoritative, recursion wanted and to be had
  put16(reply, 1);
  put16(reply, count);
  put32(reply, 0);
  reply += question.substr(kHeaderBytes, end - kHeaderBytes);
  reply += records;
  if (const auto held = held_.find(name); held != held_.end()) {
    held->second.push_back({.reply = std::move(reply), .to = from});
    return {};
  }
  return reply;
}

}  // namespace hal::net::testing
