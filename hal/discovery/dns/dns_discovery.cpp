#include <hal/discovery/dns/dns_discovery.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/when_all.hpp>
#include <hal/base/ascii.hpp>
#include <hal/net/endpoint.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <random>

namespace hal::discovery {
namespace {

using service::Node;

constexpr std::size_t kNameBytesMax = 253;  // RFC 1035 3.1, as text

/// What is looked up for a service.
struct Question {
  std::string service;
  std::string name;
  std::uint16_t port = 0;
  bool srv = false;
};

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && !text.starts_with('.') &&
         std::ranges::all_of(text, [](char c) {
           const char lower = ascii_lower(c);
           return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.';
         });
}

Result<Question> parse(const std::string& service, const DnsOptions& options) {
  Question question{.service = service, .name = service, .port = options.port};
  question.srv = service.starts_with('_');
  if (const auto colon = service.find(':'); colon != std::string::npos && !question.srv) {
    const auto port = parse_int<std::uint16_t>(std::string_view{service}.substr(colon + 1));
    question.name = service.substr(0, colon);
    question.port = port.value_or(0);
  }
  if (!is_name(question.name) || question.port == 0) {
    return error(Code::kInvalidArgument,
                 fmt::format("\"{}\" is no name for DNS: expected host, host:port or "
                             "_service._tcp.host",
                             service));
  }
  if (!options.domain.empty() && !question.name.ends_with('.')) {
    question.name += "." + options.domain;
  }
  return question;
}

/// One name, looked up again and again.
class DnsName final : public NodeSource {
 public:
  DnsName(net::dns::Client& client, Question question, const DnsOptions& options)
      : client_{client},
        question_{std::move(question)},
        options_{options},
        backoff_{options.backoff},
        random_{std::random_device{}()} {}

  Task<> run() override {
    while (co_await or_stopped()) {
      std::chrono::seconds ttl = options_.ttl_max;
      const auto found = co_await look_up(&ttl);
      if (!co_await or_stopped()) co_return;
      Duration delay = std::clamp(ttl, options_.ttl_min, options_.ttl_max);
      if (!found) {
        delay = backoff_.next(random_);
        if (!std::exchange(failing_, true)) {
          log::warn("{}; what is known stays in use", found.error().message());
        }
        nodes().fail(found.error());
      } else {
        failing_ = false;
        switch (*found) {
          case Found::kAll:
            backoff_.reset();
            break;
          case Found::kPart:
            delay = std::min(delay, backoff_.next(random_));
            break;
          case Found::kNone:  // a wrong name is not asked for every second for ever
            delay = backoff_.next(random_);
            break;
        }
      }
      if (!co_await sleep(delay)) co_return;
    }
  }

 private:
  enum class Found : std::uint8_t { kNone, kPart, kAll };
  /// What one look-up of addresses gives, be it an error: one that fails stops no other.
  struct Looked {
    Result<> outcome{};
    std::vector<Node> nodes{};
    std::chrono::seconds ttl{};
  };

  /// Puts what it finds; lowers `ttl`.
  Task<Result<Found>> look_up(std::chrono::seconds* ttl) {
    auto all = question_.srv ? co_await look_up_targets(ttl) : co_await look_up_name();
    if (!all && all.error().code() != Code::kNotFound) co_return error(std::move(all.error()));
    std::vector<Node> nodes;
    Result<> failed{};
    if (all) {
      for (Looked& each : *all) {
        if (each.outcome) {
          *ttl = std::min(*ttl, each.ttl);
          std::ranges::move(each.nodes, std::back_inserter(nodes));
        } else if (failed && each.outcome.error().code() != Code::kNotFound) {
          failed = std::move(each.outcome);  // that there is none is an answer
        }
      }
    }
    if (nodes.empty() && !failed) co_return error(std::move(failed.error()));
    const Found found = nodes.empty() ? Found::kNone : failed ? Found::kAll : Found::kPart;
    if (!failed) log::debug("{}; the other targets are used", failed.error().message());
    this->nodes().put(std::move(nodes));
    co_return found;
  }
  Task<Result<std::vector<Looked>>> look_up_name() {
    std::vector<Looked> one;
    one.push_back(co_await look_up_host(question_.name, question_.port));
    co_return one;
  }
  Task<Looked> look_up_host(std::string name, std::uint16_t port) {
    const auto answer = co_await client_.addresses(std::move(name));
    if (!answer) co_return Looked{.outcome = error(answer.error())};
    Looked looked{.ttl = answer->ttl};
    for (const auto& host : answer->hosts) {
      auto address = net::to_string({.host = host, .port = port});
      looked.nodes.push_back({.id = address,
                              .address = std::move(address),
                              .service = question_.service,
                              .version{},
                              .metadata{}});
    }
    co_return looked;
  }
  Task<Result<Looked>> look_up_target(net::dns::Target target) {
    // A target is a whole name: the search list is not for it.
    co_return co_await look_up_host(target.host + ".", target.port);
  }
  Task<Result<std::vector<Looked>>> look_up_targets(std::chrono::seconds* ttl) {
    auto answer = co_await or_return(client_.targets(question_.name));
    *ttl = std::min(*ttl, answer.ttl);
    const std::uint16_t first = answer.targets.front().priority;
    std::erase_if(answer.targets, [first](const auto& each) { return each.priority != first; });
    answer.targets.resize(std::min(answer.targets.size(), options_.targets_max));
    co_return co_await when_all(std::move(answer.targets), [this](net::dns::Target target) {
      return look_up_target(std::move(target));
    });
  }

  net::dns::Client& client_;
  const Question question_;
  const DnsOptions& options_;
  Backoff backoff_;
  std::minstd_rand random_;
  bool failing_ = false;
};

}  // namespace

Result<std::unique_ptr<DnsDiscovery>> DnsDiscovery::make(DnsOptions options) {
  if (!options.domain.empty() && !is_name(options.domain)) {
    return error(Code::kInvalidArgument,
                 fmt::format("STATIC_SELECTOR_DOMAIN_NAME: \"{}\" is no domain", options.domain));
  }
  auto client = net::dns::Client::make(options.client);
  if (!client) return error(std::move(client.error()));
  return std::unique_ptr<DnsDiscovery>{new DnsDiscovery{std::move(options), std::move(*client)}};
}

Task<Result<std::vector<Node>>> DnsDiscovery::list() { co_return std::vector<Node>{}; }
Task<Result<>> DnsDiscovery::add(Node /*node*/) { co_return Result<>{}; }
Task<Result<>> DnsDiscovery::remove(std::string /*id*/) { co_return Result<>{}; }

Result<std::shared_ptr<NodeSource>> DnsDiscovery::source_of(const std::string& service) {
  auto question = parse(service, options_);
  if (!question) return error(std::move(question.error()));
  return std::make_shared<DnsName>(*client_, std::move(*question), options_);
}

}  // namespace hal::discovery
