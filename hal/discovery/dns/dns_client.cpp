#include <hal/discovery/dns/dns_client.hpp>

#include <hal/base/file_descriptor.hpp>
#include <hal/discovery/dns/answers.hpp>

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>

#include <ares.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

namespace hal::discovery::dns {
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

/// What a callback of c-ares gets: it is called once for each question, at the latest with
/// ARES_EDESTRUCTION.
template <class Answer>
struct Asked {
  std::shared_ptr<Question<Answer>> question;
  std::string name;
  std::atomic<std::size_t>* open;

  void finish(Result<Answer> answer) {
    const std::unique_ptr<Asked> owner{this};
    --*open;
    Question<Answer>::answer(question, std::move(answer));
  }
};

void on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
  auto* const asked = static_cast<Asked<Addresses>*>(argument);
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner{info,
                                                                           &ares_freeaddrinfo};
  if (status != ARES_SUCCESS) return asked->finish(error(status_of(status, asked->name)));
  auto answer = addresses_of(*info);
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

  explicit Resolver(std::size_t questions_max) : questions_max_{questions_max} {}
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
    values.timeout = static_cast<int>(options.timeout.count());
    values.tries = options.tries;
    if (library.status != ARES_SUCCESS ||
        ares_init_options(&channel_, &values, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
            ARES_SUCCESS) {
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
  Task<Result<Answer>> ask(std::string name, void (*send)(ares_channel, Asked<Answer>*)) {
    if (open_.fetch_add(1) >= questions_max_) {
      --open_;
      co_return error(Code::kResourceExhausted,
                      fmt::format("{} questions to DNS are under way", questions_max_));
    }
    const auto question = std::make_shared<Question<Answer>>(*(co_await this_context()).loop);
    auto asked = std::make_unique<Asked<Answer>>(question, std::move(name), &open_);
    submit([asked = std::move(asked), send](ares_channel channel) mutable {
      send(channel, asked.release());
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
  ares_channel channel_ = nullptr;
  FileDescriptor wake_up_;
  std::mutex mutex_;
  std::vector<Work> work_;
  std::atomic<std::size_t> open_ = 0;
  std::jthread thread_;
};

Client::Client(std::unique_ptr<Resolver> resolver) : resolver_{std::move(resolver)} {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::make(ClientOptions options) {
  auto resolver = std::make_unique<Resolver>(options.questions_max);
  if (auto started = resolver->start(options); !started) return error(std::move(started.error()));
  return std::unique_ptr<Client>{new Client{std::move(resolver)}};
}

Task<Result<Addresses>> Client::addresses(std::string name) {
  co_return co_await resolver_->ask<Addresses>(
      std::move(name), [](ares_channel channel, Asked<Addresses>* asked) {
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_flags = ARES_AI_NOSORT;
        ares_getaddrinfo(channel, asked->name.c_str(), nullptr, &hints, on_addresses, asked);
      });
}

Task<Result<Targets>> Client::targets(std::string name) {
  co_return co_await resolver_->ask<Targets>(
      std::move(name), [](ares_channel channel, Asked<Targets>* asked) {
        ares_search(channel, asked->name.c_str(), ns_c_in, ns_t_srv, on_targets, asked);
      });
}

}  // namespace hal::discovery::dns
