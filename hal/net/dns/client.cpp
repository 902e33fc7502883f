#include <hal/net/dns/client.hpp>

#include <hal/base/file_descriptor.hpp>
#include <hal/net/dns/answers.hpp>

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>

#include <ares.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <tuple>
#include <utility>

namespace hal::net::dns {
namespace {

/// ares_library_init counts; it is called before any thread of ours.
struct Library {
  Library() : status{ares_library_init(ARES_LIB_INIT_ALL)} {}
  int status;
};

Status status_of(int code, const std::string& name) {
  const auto text = fmt::format("DNS: {}: {}", name, ares_strerror(code));
  switch (code) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
      return {Code::kNotFound, text};
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
      return {Code::kCancelled, text};
    case ARES_EBADNAME:
      return {Code::kInvalidArgument, text};
    default:
      return {Code::kUnavailable, text};
  }
}

/// What the asking loop and the resolver's thread share of one question.
template <class Answer>
class Question {
 public:
  explicit Question(Loop& loop) : loop_{&loop} {}

  /// The asking loop: until there is an answer, or the reason of a stop.
  static Task<Result<Answer>> wait(std::shared_ptr<Question> self) {
    const Leave leave{*self};
    while (!self->answer_) co_await or_return(co_await self->answered_.wait());
    co_return std::move(*self->answer_);
  }
  /// The resolver's thread.
  static void answer(const std::shared_ptr<Question>& self, Result<Answer> answer) {
    const std::lock_guard lock{self->mutex_};
    if (self->loop_ == nullptr) return;  // nobody waits any more; the loop may be gone
    self->loop_->post([self, answer = std::move(answer)]() mutable {
      self->answer_.emplace(std::move(answer));
      self->answered_.wake_all();
    });
  }
  /// Nobody waits any more.
  [[nodiscard]] bool left() {
    const std::lock_guard lock{mutex_};
    return loop_ == nullptr;
  }

 private:
  struct Leave {
    explicit Leave(Question& left) : question{left} {}
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    ~Leave() {
      const std::lock_guard lock{question.mutex_};
      question.loop_ = nullptr;
    }
    Question& question;
  };

  std::mutex mutex_;
  Loop* loop_;
  std::optional<Result<Answer>> answer_;
  WaitQueue answered_;
};

/// A name that c-ares is asked for, and who waits for it. What a callback of c-ares gets: it is
/// called once for each, at the latest with ARES_EDESTRUCTION. Only the resolver's thread has it.
template <class Answer>
class Asked {
 public:
  using ByName = std::map<std::string, std::unique_ptr<Asked>, std::less<>>;

  Asked(std::string asked_for, ByName* siblings, Order hosts_order)
      : name{std::move(asked_for)}, order{hosts_order}, siblings_{siblings} {}

  void add(std::shared_ptr<Question<Answer>> question) {
    if (waiting_.size() >= look_at_) {
      std::erase_if(waiting_, [](const auto& each) { return each->left(); });
      look_at_ = std::max(kLookAtMin, 2 * waiting_.size());
    }
    waiting_.push_back(std::move(question));
  }
  /// Ends this object.
  void finish(const Result<Answer>& answer) {
    const auto self = siblings_->extract(name);
    for (const auto& each : waiting_) Question<Answer>::answer(each, answer);
  }

  const std::string name;
  const Order order;

 private:
  static constexpr std::size_t kLookAtMin = 16;

  ByName* siblings_;
  std::vector<std::shared_ptr<Question<Answer>>> waiting_;
  std::size_t look_at_ = kLookAtMin;  ///< so many wait: those that have left are forgotten
};

void on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
  auto* const asked = static_cast<Asked<Addresses>*>(argument);
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner{info,
                                                                           &ares_freeaddrinfo};
  if (status != ARES_SUCCESS) return asked->finish(error(status_of(status, asked->name)));
  auto answer = addresses_of(*info, asked->order);
  if (answer.hosts.empty()) return asked->finish(error(status_of(ARES_ENODATA, asked->name)));
  asked->finish(std::move(answer));
}

void on_targets(void* argument, int status, int /*timeouts*/, unsigned char* bytes, int size) {
  auto* const asked = static_cast<Asked<Targets>*>(argument);
  if (status != ARES_SUCCESS) return asked->finish(error(status_of(status, asked->name)));
  auto answer = targets_of({bytes, static_cast<std::size_t>(size)});
  if (!answer) return asked->finish(error(answer.error().with_prefix("DNS: " + asked->name)));
  asked->finish(std::move(*answer));
}

}  // namespace

/// Owns the channel; only its thread touches it.
class Client::Resolver {
 public:
  using Work = std::move_only_function<void(ares_channel)>;

  Resolver(std::size_t questions_max, Order order) : questions_max_{questions_max}, order_{order} {}
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver() {
    if (thread_.joinable()) {
      thread_.request_stop();
      wake();
      thread_.join();
    }
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  Result<> start(const ClientOptions& options) {
    static const Library library;
    ares_options values{};
    int set = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    values.timeout = static_cast<int>(options.timeout.count());
    values.tries = options.tries;
    std::vector<std::string> search = options.search;
    std::vector<char*> domains;
    for (auto& domain : search) domains.push_back(domain.data());
    if (!domains.empty()) {
      set |= ARES_OPT_DOMAINS;
      values.domains = domains.data();
      values.ndomains = static_cast<int>(domains.size());
    }
    if (library.status != ARES_SUCCESS ||
        ares_init_options(&channel_, &values, set) != ARES_SUCCESS) {
      return error(Code::kUnavailable, "c-ares cannot be set up");
    }
    if (!options.servers.empty() &&
        ares_set_servers_ports_csv(channel_, options.servers.c_str()) != ARES_SUCCESS) {
      return error(Code::kInvalidArgument, fmt::format("\"{}\" names no DNS servers: expected "
                                                       "address:port,...",
                                                       options.servers));
    }
    wake_up_ = FileDescriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!wake_up_) return error(Code::kUnavailable, "no descriptor is left for DNS");
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
    return {};
  }

  template <class Answer>
  using Send = void (*)(ares_channel channel, Asked<Answer>* asked);

  template <class Answer>
  Task<Result<Answer>> ask(std::string name, Send<Answer> send) {
    const auto question = std::make_shared<Question<Answer>>(*(co_await this_context()).loop);
    submit([this, question, name = std::move(name), send](ares_channel channel) mutable {
      join(channel, std::move(question), std::move(name), send);
    });
    co_return co_await Question<Answer>::wait(question);
  }

 private:
  void submit(Work work) {
    {
      const std::lock_guard lock{mutex_};
      work_.push_back(std::move(work));
    }
    wake();
  }
  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_up_.get(), &one, sizeof one);
  }

  /// The resolver's thread: asks, or waits with those who have asked for the same.
  template <class Answer>
  void join(ares_channel channel, std::shared_ptr<Question<Answer>> question, std::string name,
            Send<Answer> send) {
    auto& by_name = std::get<typename Asked<Answer>::ByName>(asked_);
    if (const auto known = by_name.find(name); known != by_name.end()) {
      return known->second->add(std::move(question));
    }
    const auto names = std::apply([](const auto&... each) { return (each.size() + ...); }, asked_);
    if (names >= questions_max_) {
      const Status full{Code::kResourceExhausted,
                        fmt::format("{} questions to DNS are under way", questions_max_)};
      return Question<Answer>::answer(question, error(full));
    }
    auto& asked = by_name[name];
    asked = std::make_unique<Asked<Answer>>(std::move(name), &by_name, order_);
    asked->add(std::move(question));
    send(channel, asked.get());
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      send_new_ones();
      wait_and_process();
    }
    send_new_ones();
    ares_cancel(channel_);
  }

  void send_new_ones() {
    std::vector<Work> work;
    {
      const std::lock_guard lock{mutex_};
      work.swap(work_);
    }
    for (auto& each : work) each(channel_);
  }

  void wait_and_process() {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto bits = static_cast<unsigned>(
        ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())));
    std::vector<pollfd> polled{{.fd = wake_up_.get(), .events = POLLIN, .revents = 0}};
    for (unsigned i = 0; i < sockets.size(); ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(bits, i)) events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(bits, i)) events |= POLLOUT;
      if (events != 0) polled.push_back({.fd = sockets.at(i), .events = events, .revents = 0});
    }
    timeval longest{.tv_sec = 3600, .tv_usec = 0};
    timeval left{};
    const timeval* const next = ares_timeout(channel_, &longest, &left);
    const auto milliseconds = next->tv_sec * 1000 + next->tv_usec / 1000 + 1;
    (void)::poll(polled.data(), polled.size(), static_cast<int>(milliseconds));
    std::uint64_t drained = 0;
    (void)!::read(wake_up_.get(), &drained, sizeof drained);
    for (const pollfd& each : std::span{polled}.subspan(1)) {
      constexpr short kReadable = POLLIN | POLLERR | POLLHUP;
      ares_process_fd(channel_, (each.revents & kReadable) != 0 ? each.fd : ARES_SOCKET_BAD,
                      (each.revents & POLLOUT) != 0 ? each.fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what is overdue
  }

  const std::size_t questions_max_;
  const Order order_;
  ares_channel channel_ = nullptr;
  FileDescriptor wake_up_;
  std::mutex mutex_;
  std::vector<Work> work_;
  std::tuple<Asked<Addresses>::ByName, Asked<Targets>::ByName> asked_;  ///< the thread's
  std::jthread thread_;
};

Client::Client(std::unique_ptr<Resolver> resolver) : resolver_{std::move(resolver)} {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::make(ClientOptions options) {
  auto resolver = std::make_unique<Resolver>(options.questions_max, options.order);
  if (auto started = resolver->start(options); !started) return error(std::move(started.error()));
  return std::unique_ptr<Client>{new Client{std::move(resolver)}};
}

Task<Result<Addresses>> Client::addresses(std::string name) {
  co_return co_await resolver_->ask<Addresses>(
      std::move(name), [](ares_channel channel, Asked<Addresses>* asked) {
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        if (asked->order == Order::kIpv4First) hints.ai_flags = ARES_AI_NOSORT;
        ares_getaddrinfo(channel, asked->name.c_str(), nullptr, &hints, on_addresses, asked);
      });
}

Task<Result<Targets>> Client::targets(std::string name) {
  co_return co_await resolver_->ask<Targets>(
      std::move(name), [](ares_channel channel, Asked<Targets>* asked) {
        ares_search(channel, asked->name.c_str(), ns_c_in, ns_t_srv, on_targets, asked);
      });
}

}  // namespace hal::net::dns
