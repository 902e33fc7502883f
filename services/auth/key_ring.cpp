#include "key_ring.hpp"

#include <hal/telemetry/log.hpp>

#include <sys/stat.h>

namespace auth {

using hal::Result;
using hal::identity::SigningKeys;

Result<std::unique_ptr<KeyRing>> KeyRing::open(std::string path, WallTime now) {
  std::unique_ptr<KeyRing> ring{new KeyRing{std::move(path)}};
  auto keys = ring->file_.load_or_create(to_seconds(now));
  if (!keys) return hal::error(std::move(keys.error()));
  // Its version is asked for later: the first look reads the file once more.
  ring->keys_ = std::make_shared<const SigningKeys>(std::move(*keys));
  return ring;
}

KeyRing::Version KeyRing::version() const {
  struct stat status{};
  if (::stat(file_.path().c_str(), &status) != 0) return {};
  const auto ns = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
  return {.inode = status.st_ino,
          .size = status.st_size,
          .modified_ns = ns(status.st_mtim),
          .changed_ns = ns(status.st_ctim)};
}

KeyRing::Keys KeyRing::current() {
  const std::lock_guard lock{mutex_};
  // Before it is read: a file that changes in between is read again at the next look.
  const Version found = version();
  if (found == version_) return keys_;
  auto keys = file_.load();
  if (keys) {
    keys_ = std::make_shared<const SigningKeys>(std::move(*keys));
    version_ = found;
    refused_.reset();
  } else if (refused_ != found) {
    hal::log::error("the keys in use stay as they are: {}", keys.error().message());
    refused_ = found;
  }
  return keys_;
}

}  // namespace auth
