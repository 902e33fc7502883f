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
  return {.inode = status.st_ino,
          .size = status.st_size,
          .changed_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

KeyRing::Keys KeyRing::current() {
  const std::lock_guard lock{mutex_};
  // Before it is read: a file that changes in between is read again at the next look.
  const Version now = version();
  if (now == version_) return keys_;
  version_ = now;
  auto keys = file_.load();
  if (keys) {
    keys_ = std::make_shared<const SigningKeys>(std::move(*keys));
  } else {
    hal::log::error("the keys in use stay as they are: {}", keys.error().message());
  }
  return keys_;
}

}  // namespace auth
