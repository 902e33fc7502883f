#include <hal/cli/local_folder.hpp>

#include <hal/discovery/local_directory.hpp>

#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace hal::cli {
namespace {

/// The claim on `folder`, or -1 when somebody else has it.
int try_lock(const std::string& folder) {
  const int lock = ::open((folder + "/up.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return -1;
  }
  return lock;
}

}  // namespace

Result<LocalFolder> LocalFolder::claim(const config::Environment& environment) {
  auto path =
      discovery::local_directory_path(environment.get("HAL_LOCAL_DIR"), environment, ::geteuid());
  if (!path) return error(std::move(path.error()));
  if (auto opened = discovery::LocalDirectory::open(*path); !opened) {
    return error(std::move(opened.error()));
  }
  if (const int lock = try_lock(*path); lock >= 0) return LocalFolder{*path, lock, false};
  std::string own = fmt::format("{}/up-{}", *path, ::getpid());
  if (auto opened = discovery::LocalDirectory::open(own); !opened) {
    return error(std::move(opened.error()));
  }
  const int lock = try_lock(own);
  return LocalFolder{std::move(own), lock, true};
}

LocalFolder::LocalFolder(LocalFolder&& other) noexcept
    : path_{std::move(other.path_)}, lock_{std::exchange(other.lock_, -1)}, own_{other.own_} {}

LocalFolder::~LocalFolder() {
  if (lock_ < 0) return;
  if (own_) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ::close(lock_);
}

}  // namespace hal::cli
