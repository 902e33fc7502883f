#include <hal/discovery/local_watch.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <array>
#include <cstring>
#include <system_error>

namespace hal::discovery {
namespace {

/// Reads what has come; whether the folder has changed. Which files it was is nobody's concern: who
/// is told looks at the folder.
bool read_events(int notify) {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool changed = false;
  for (;;) {
    const auto bytes = ::read(notify, buffer.data(), buffer.size());
    if (bytes <= 0) return changed;
    for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      changed = changed || (event.mask & (IN_MOVED_TO | IN_DELETE | IN_Q_OVERFLOW)) != 0;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace

LocalWatch::~LocalWatch() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  const std::uint64_t one = 1;
  (void)!::write(wake_up_.get(), &one, sizeof one);
  thread_.join();
}

service::Subscription LocalWatch::subscribe(std::function<void()> changed) {
  auto function = std::make_shared<Function>(std::move(changed));
  {
    const std::lock_guard lock{mutex_};
    if (!thread_.joinable() && !start()) return nullptr;
    std::erase_if(subscribed_, [](const auto& weak) { return weak.expired(); });
    subscribed_.push_back(function);
  }
  renew();
  return function;
}

void LocalWatch::renew() {
  // A node's file is made under another name: it is there when it gets its own. Of a folder that is
  // watched already this changes nothing.
  constexpr std::uint32_t kEvents = IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;
  const std::lock_guard lock{mutex_};
  if (notify_) (void)::inotify_add_watch(notify_.get(), folder_.c_str(), kEvents);
}

bool LocalWatch::start() {
  notify_ = FileDescriptor{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  wake_up_ = FileDescriptor{::eventfd(0, EFD_CLOEXEC)};
  if (!notify_ || !wake_up_) return false;
  try {
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void LocalWatch::run(const std::stop_token& stop) {
  // Neither descriptor changes while the thread runs.
  std::array<pollfd, 2> polled{{{.fd = notify_.get(), .events = POLLIN, .revents = 0},
                                {.fd = wake_up_.get(), .events = POLLIN, .revents = 0}}};
  while (!stop.stop_requested()) {
    (void)::poll(polled.data(), polled.size(), -1);
    if (read_events(polled[0].fd) && !stop.stop_requested()) tell();
  }
}

void LocalWatch::tell() {
  std::vector<std::shared_ptr<Function>> told;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& weak : subscribed_) told.push_back(weak.lock());
  }
  for (const auto& function : told) {
    if (function != nullptr) (*function)();
  }
}

}  // namespace hal::discovery
