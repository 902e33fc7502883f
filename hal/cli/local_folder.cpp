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
  auto folder = discovery::local_directory(environment);
  if (!folder) return error(std::move(folder.error()));
  if (const int lock = try_lock(*folder); lock >= 0) return LocalFolder{*folder, lock, false};
  config::Environment::Variables own;
  own.emplace("HAL_LOCAL_DIR", fmt::format("{}/up-{}", *folder, ::getpid()));
  auto below = discovery::local_directory(config::Environment{own});
  if (!below) return error(std::move(below.error()));
  return LocalFolder{*below, try_lock(*below), true};
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
