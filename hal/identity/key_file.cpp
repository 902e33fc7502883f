#include <hal/identity/key_file.hpp>

#include <hal/base/file_descriptor.hpp>
#include <hal/base/file_io.hpp>
#include <hal/http/json.hpp>
#include <hal/identity/base64url.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace hal::identity {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kFileBytesMax = std::size_t{64} * 1024;

struct PrivateJwk {
  std::string kty = "OKP";
  std::string crv = "Ed25519";
  std::string d{};
  std::optional<std::string> x{};
  std::optional<std::string> kid{};
  std::optional<std::int64_t> created_at{};
  std::optional<std::int64_t> retires_at{};
};
BOOST_DESCRIBE_STRUCT(PrivateJwk, (), (kty, crv, d, x, kid, created_at, retires_at))

struct PrivateJwkSet {
  std::vector<PrivateJwk> keys{};
};
BOOST_DESCRIBE_STRUCT(PrivateJwkSet, (), (keys))

/// Overwrites a secret when its scope ends.
class Wiped {
 public:
  explicit Wiped(std::string& secret) noexcept : secret_{secret} {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { sodium_memzero(secret_.data(), secret_.size()); }

 private:
  std::string& secret_;
};

std::unexpected<Status> wrong(std::size_t number, std::string_view why) {
  return error(Code::kInvalidArgument, fmt::format("key {}: {}", number, why));
}

/// The key of `jwk`, the `number`th of its file.
Result<SigningKey> to_key(PrivateJwk& jwk, std::size_t number) {
  const Wiped wiped{jwk.d};
  if (jwk.kty != "OKP" || jwk.crv != "Ed25519") {
    return wrong(number, R"(only "kty":"OKP" with "crv":"Ed25519" signs here)");
  }
  auto seed = base64url_decode_array<Ed25519KeyPair::kSeedBytes>(jwk.d);
  if (!seed) return wrong(number, R"("d" is not 32 bytes in base64url without padding)");
  const auto pair = Ed25519KeyPair::from_seed(*seed);
  sodium_memzero(seed->data(), seed->size());
  if (jwk.x && *jwk.x != base64url_encode(pair.public_key())) {
    return wrong(number, R"("x" is not the public key of "d")");
  }
  SigningKey key{.kid = jwk.kid.value_or(thumbprint(pair.public_key())),
                 .pair = pair,
                 .created_at = sys_seconds{seconds{jwk.created_at.value_or(0)}},
                 .retires_at{}};
  if (jwk.retires_at) key.retires_at = sys_seconds{seconds{*jwk.retires_at}};
  return key;
}

std::string to_text(const SigningKeys& keys) {
  PrivateJwkSet set;
  for (const SigningKey& key : keys.all()) {
    auto& jwk = set.keys.emplace_back();
    jwk.d = base64url_encode(key.pair.seed());
    jwk.x = base64url_encode(key.pair.public_key());
    jwk.kid = key.kid;
    jwk.created_at = key.created_at.time_since_epoch().count();
    if (key.retires_at) jwk.retires_at = key.retires_at->time_since_epoch().count();
  }
  std::string text = http::json::to_string(set);
  for (PrivateJwk& jwk : set.keys) const Wiped wiped{jwk.d};
  return text;
}

Result<SigningKeys> from_text(std::string_view text) {
  // Its messages name places, not what stands there: a secret is not in them.
  auto set = http::json::parse<PrivateJwkSet>(text, {.depth_max = 3});
  if (!set) return error(set.error());
  std::vector<SigningKey> keys;
  for (PrivateJwk& jwk : set->keys) {
    auto key = to_key(jwk, keys.size() + 1);
    if (!key) return error(std::move(key.error()));
    keys.push_back(std::move(*key));
  }
  return SigningKeys::from(std::move(keys));
}

bool is_private(const struct stat& file) {
  const auto mode = file.st_mode & 07777U;
  if (file.st_uid == ::geteuid()) return mode == 0600 || mode == 0400;
  return file.st_uid == 0 && (mode & 07137U) == 0;
}

/// Makes a name in the folder survive a crash.
bool sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path{path}.parent_path();
  const FileDescriptor open_folder{
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return open_folder && ::fsync(open_folder.get()) == 0;
}

/// Whether `path` names the file behind the descriptor.
bool is_at(const std::string& path, int file) noexcept {
  struct stat open_file{};
  struct stat named{};
  return ::fstat(file, &open_file) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

int lock(int file, int operation) noexcept {
  int result = 0;
  do {
    result = ::flock(file, operation);
  } while (result != 0 && errno == EINTR);
  return result;
}

constexpr int kNextFlags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

/// "<path>.next", locked, from when it is opened until it has become the file or is removed.
class KeyFile::Next {
 public:
  Next(std::string path, FileDescriptor file) : path_{std::move(path)}, file_{std::move(file)} {}
  Next(Next&&) = default;
  Next& operator=(Next&&) = delete;
  ~Next() {
    if (file_) ::unlink(path_.c_str());
  }
  [[nodiscard]] int file() const noexcept { return file_.get(); }
  [[nodiscard]] const char* path() const noexcept { return path_.c_str(); }
  /// It has another name now, and this one may be somebody else's.
  void renamed() noexcept { const FileDescriptor closed{std::move(file_)}; }

 private:
  std::string path_;
  FileDescriptor file_;
};

std::unexpected<Status> KeyFile::failed(std::string_view what, int number) const {
  return error(Code::kUnavailable, fmt::format("cannot {} the key file '{}': {}", what, path_,
                                               std::generic_category().message(number)));
}

Result<SigningKeys> KeyFile::load() const {
  const FileDescriptor file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file && errno == ENOENT) {
    return error(Code::kNotFound, fmt::format("there is no key file '{}'", path_));
  }
  if (!file) return failed("open", errno);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return failed("read", errno);
  if (!S_ISREG(about.st_mode)) {
    return error(Code::kFailedPrecondition,
                 fmt::format("the key file '{}' is no regular file", path_));
  }
  if (!is_private(about)) {
    return error(
        Code::kFailedPrecondition,
        fmt::format("the key file '{}' has mode {:04o} and owner {}: nobody but its owner, "
                    "this process, may read it (chmod 600)",
                    path_, about.st_mode & 07777U, about.st_uid));
  }
  if (static_cast<std::size_t>(about.st_size) > kFileBytesMax) {
    return error(Code::kInvalidArgument,
                 fmt::format("the key file '{}' has more than {} bytes", path_, kFileBytesMax));
  }
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  const Wiped wiped{text};
  if (!read_all(file.get(), text)) return failed("read", errno);
  auto keys = from_text(text);
  if (!keys) return error(keys.error().with_prefix(fmt::format("the key file '{}'", path_)));
  return keys;
}

Result<SigningKeys> KeyFile::load_or_create(sys_seconds now) const {
  auto keys = load();
  if (keys) remove_left_over();
  if (keys || keys.error().code() != Code::kNotFound) return keys;
  auto next = lock_next();
  if (!next) return error(std::move(next.error()));
  // Where another process was faster, its keys count.
  keys = load();
  if (keys || keys.error().code() != Code::kNotFound) return keys;
  auto made = SigningKeys::make(now);
  if (const auto written = replace(made, *next); !written) return error(written.error());
  return made;
}

Result<SigningKeys> KeyFile::rotate(sys_seconds now, const RotationOptions& options) const {
  // Nothing is made beside a file that is not there, or is not ours.
  if (auto keys = load(); !keys) return keys;
  auto next = lock_next();
  if (!next) return error(std::move(next.error()));
  auto keys = load();
  if (!keys) return keys;
  if (auto rotated = keys->rotate(now, options); !rotated) return error(rotated.error());
  if (const auto written = replace(*keys, *next); !written) return error(written.error());
  return keys;
}

Result<KeyFile::Next> KeyFile::lock_next() const {
  const std::string path = path_ + ".next";
  for (;;) {
    FileDescriptor file{::open(path.c_str(), kNextFlags | O_CREAT, 0600)};
    if (!file) return failed("make", errno);
    if (lock(file.get(), LOCK_EX) != 0) return failed("lock", errno);
    // Else it has become the file, or was removed, while this process waited.
    if (is_at(path, file.get())) return Next{path, std::move(file)};
  }
}

void KeyFile::remove_left_over() const {
  const std::string path = path_ + ".next";
  FileDescriptor file{::open(path.c_str(), kNextFlags)};
  if (!file || lock(file.get(), LOCK_EX | LOCK_NB) != 0 || !is_at(path, file.get())) return;
  const Next removed{path, std::move(file)};
}

Result<> KeyFile::replace(const SigningKeys& keys, Next& next) const {
  struct stat about{};
  if (::lstat(path_.c_str(), &about) == 0 && S_ISLNK(about.st_mode)) {
    return error(
        Code::kFailedPrecondition,
        fmt::format("the key file '{}' is a symbolic link: name the file it stands for", path_));
  }
  std::string text = to_text(keys);
  const Wiped wiped{text};
  if (::fchmod(next.file(), 0600) != 0 || ::ftruncate(next.file(), 0) != 0 ||
      !write_all(next.file(), text) || ::fsync(next.file()) != 0) {
    return failed("write", errno);
  }
  if (::rename(next.path(), path_.c_str()) != 0) return failed("name", errno);
  next.renamed();
  if (!sync_folder_of(path_)) return failed("keep", errno);
  return {};
}

}  // namespace hal::identity
