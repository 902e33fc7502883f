#include <hal/discovery/node_file.hpp>

#include <hal/base/file_io.hpp>
#include <hal/base/uuid.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace hal::discovery {
namespace {

constexpr std::string_view kDocument = ".json";
constexpr std::string_view kUnfinished = ".tmp";
/// A temporary file is lost only to a reader that probes it in the moment before it is locked.
constexpr int kAttemptsMax = 16;

std::unexpected<Status> failed(const LocalDirectory& directory, std::string_view what, int number) {
  return error(Code::kUnavailable,
               fmt::format("the local registry {}: cannot {}: {}", directory.path(), what,
                           std::generic_category().message(number)));
}

bool has_form(std::string_view name, std::string_view ending) noexcept {
  return name.ends_with(ending) && is_uuid(name.substr(0, name.size() - ending.size()));
}

int lock(int file, int operation) noexcept {
  int result = 0;
  do {
    result = ::flock(file, operation);
  } while (result != 0 && errno == EINTR);
  return result;
}

/// Whether `name` still means the file behind the descriptor. As long as that is open the kernel
/// gives its inode number to no other file.
bool is_at(const LocalDirectory& directory, const std::string& name, int file) noexcept {
  struct stat open_file{};
  struct stat named{};
  return ::fstat(file, &open_file) == 0 &&
         ::fstatat(directory.descriptor(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/// For who holds a lock on the file: an owner renames onto `name` only while its former file there
/// is locked, so between the look and the removal nothing else can come to be there.
void remove_if_at(const LocalDirectory& directory, const std::string& name, int file) noexcept {
  if (is_at(directory, name, file)) ::unlinkat(directory.descriptor(), name.c_str(), 0);
}

/// A new file, locked, that no reader has taken for one left behind. No descriptor: try again.
Result<FileDescriptor> locked_file(const LocalDirectory& directory, const std::string& name) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  FileDescriptor file{::openat(directory.descriptor(), name.c_str(), kFlags, 0600)};
  if (!file) return failed(directory, "make a file", errno);
  if (lock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    const int failure = errno;
    ::unlinkat(directory.descriptor(), name.c_str(), 0);
    if (failure == EWOULDBLOCK) return FileDescriptor{};
    return failed(directory, "lock a file (the file system must support flock)", failure);
  }
  if (!is_at(directory, name, file.get())) return FileDescriptor{};
  return file;
}

}  // namespace

bool is_document(std::string_view name) noexcept { return has_form(name, kDocument); }
bool is_unfinished(std::string_view name) noexcept { return has_form(name, kUnfinished); }

Result<NodeFile> NodeFile::publish(LocalDirectory directory, std::string_view uuid,
                                   std::string_view content) {
  // Cleaners of temporary folders (tmpfiles.d(5)) pass over a folder that is locked.
  (void)lock(directory.descriptor(), LOCK_SH | LOCK_NB);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const std::string unfinished = fmt::format("{}{}", make_uuid(), kUnfinished);
    auto file = locked_file(directory, unfinished);
    if (!file) return error(std::move(file.error()));
    if (!*file) continue;
    if (!write_all(file->get(), content)) {
      const int failure = errno;
      ::unlinkat(directory.descriptor(), unfinished.c_str(), 0);
      return failed(directory, "write a file", failure);
    }
    const std::string name = fmt::format("{}{}", uuid, kDocument);
    if (::renameat(directory.descriptor(), unfinished.c_str(), directory.descriptor(),
                   name.c_str()) != 0) {
      const int failure = errno;
      ::unlinkat(directory.descriptor(), unfinished.c_str(), 0);
      return failed(directory, "rename a file", failure);
    }
    return NodeFile{std::move(directory), uuid, std::move(*file)};
  }
  return error(Code::kUnavailable,
               fmt::format("the local registry {}: {} new files were taken away at once",
                           directory.path(), kAttemptsMax));
}

NodeFile::~NodeFile() {
  if (!file_ || getpid() != owner_) return;
  remove_if_at(directory_, fmt::format("{}{}", uuid_, kDocument), file_.get());
}

Result<std::optional<std::string>> read_node_file(const LocalDirectory& directory,
                                                  const std::string& name, std::size_t bytes_max) {
  // O_NONBLOCK: opening a FIFO would wait for a writer.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const FileDescriptor file{::openat(directory.descriptor(), name.c_str(), kFlags)};
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    return failed(directory, "open a file", errno);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed(directory, "examine a file", errno);
  if (!S_ISREG(status.st_mode)) return error(Code::kInvalidArgument, "it is no regular file");
  if (lock(file.get(), LOCK_SH | LOCK_NB) == 0) {
    remove_if_at(directory, name, file.get());
    return std::nullopt;
  }
  if (errno != EWOULDBLOCK) return failed(directory, "probe the lock of a file", errno);
  if (is_unfinished(name)) return std::nullopt;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > bytes_max) {
    return error(Code::kInvalidArgument,
                 fmt::format("it has {} bytes, {} are allowed", size, bytes_max));
  }
  // The content never changes, so its size is the whole story.
  std::string content(size, '\0');
  if (!read_all(file.get(), content)) return failed(directory, "read a file", errno);
  return content;
}

}  // namespace hal::discovery
