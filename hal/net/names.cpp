#include <hal/net/names.hpp>

#include <hal/async/or_return.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

namespace hal::net {
namespace {

/// When the system's configuration was last changed; 0 without one.
std::int64_t resolv_conf_changed_ns() {
  struct stat found{};
  if (::stat("/etc/resolv.conf", &found) != 0) return 0;
  return std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
}

}  // namespace

Result<std::shared_ptr<dns::Client>> Names::client() {
  const auto changed_ns = resolv_conf_changed_ns();
  const std::lock_guard lock{mutex_};
  if (client_ == nullptr || changed_ns != configured_ns_) {
    auto fresh = dns::Client::make(options_);
    if (!fresh) return error(std::move(fresh.error()));
    client_ = std::move(*fresh);
    configured_ns_ = changed_ns;
  }
  return client_;
}

Task<Result<std::vector<std::string>>> Names::addresses(std::string host) {
  const auto asked = client();
  Status failure;
  if (asked) {
    auto found = co_await (*asked)->addresses(host);
    if (found) co_return std::move(found->hosts);
    co_await or_return(co_await or_stopped());
    failure = std::move(found.error());
  } else {
    failure = asked.error();
  }
  co_return error(Code::kUnavailable,
                  fmt::format("cannot resolve \"{}\": {}", host, failure.message()));
}

}  // namespace hal::net
