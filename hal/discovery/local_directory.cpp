#include <hal/discovery/local_directory.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace hal::discovery {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

std::unexpected<Status> unusable(std::string_view path, std::string_view why) {
  return error(Code::kFailedPrecondition,
               fmt::format("the local registry's folder {} {}; HAL_LOCAL_DIR names another one, "
                           "HAL_REGISTRY=static needs none",
                           path, why));
}

std::string reason(int number) { return std::generic_category().message(number); }

Result<> check_owner(const std::string& path, const struct stat& status) {
  if (status.st_uid != geteuid()) {
    return unusable(path, fmt::format("belongs to user {}, not to {}", status.st_uid, geteuid()));
  }
  if ((status.st_mode & kOthers) != 0) {
    return unusable(path, fmt::format("is open to other users (mode {:04o}, expected 0700): name "
                                      "a folder of its own",
                                      status.st_mode & 07777));
  }
  return {};
}

}  // namespace

Result<std::string> local_directory_path(std::string_view local_dir,
                                         const config::Environment& environment, uid_t user) {
  if (!local_dir.empty()) {
    if (local_dir.starts_with('/')) return std::string{local_dir};
    return error(Code::kInvalidArgument,
                 fmt::format("HAL_LOCAL_DIR: \"{}\" is relative, expected a path from /, so that "
                             "all processes mean the same folder",
                             local_dir));
  }
  if (const auto runtime = environment.find("XDG_RUNTIME_DIR"); runtime && (*runtime)[0] == '/') {
    return fmt::format("{}/hal9000", *runtime);
  }
  return fmt::format("/tmp/hal9000-{}", user);
}

Result<LocalDirectory> LocalDirectory::open(std::string path) {
  // With a slash at its end a path leads through a symbolic link in spite of O_NOFOLLOW.
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return unusable(path, fmt::format("cannot be made: {}", reason(errno)));
  }
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  FileDescriptor descriptor{::open(path.c_str(), kFlags)};
  if (!descriptor) {
    const int failure = errno;
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
      return unusable(path, "is a symbolic link, which another user may have put there");
    }
    return unusable(path, fmt::format("cannot be opened: {}", reason(failure)));
  }
  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0) {
    return unusable(path, fmt::format("cannot be examined: {}", reason(errno)));
  }
  if (auto ok = check_owner(path, status); !ok) return error(std::move(ok.error()));
  return LocalDirectory{std::move(path), std::move(descriptor)};
}

Result<std::vector<std::string>> LocalDirectory::names(std::size_t max) const {
  const auto failed = [this](int number) {
    return error(Code::kUnavailable,
                 fmt::format("the local registry {} cannot be read: {}", path_, reason(number)));
  };
  // A description of its own: a duplicate would share the position with other readers.
  FileDescriptor own{::openat(descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!own) return failed(errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(own.get()), &::closedir};
  if (stream == nullptr) return failed(errno);
  (void)own.release();
  std::vector<std::string> names;
  errno = 0;
  while (names.size() < max) {
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return failed(errno);
      break;
    }
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

}  // namespace hal::discovery
