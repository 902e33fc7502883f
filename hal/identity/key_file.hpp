// KeyFile: the issuer's keys on disk, as a JWK Set (RFC 7517 5) with private parts.
#pragma once

#include <hal/identity/signing_keys.hpp>

#include <string>

namespace hal::identity {

/// All functions block on the disk: before a server runs, or by offload. Several processes may
/// make, read and rotate one file: who writes holds a lock on "<path>.next", which becomes the
/// file. That is also what a process that was killed leaves behind; the next one that makes,
/// rotates or opens the file by load_or_create() does away with it.
///
/// Each key has "kty":"OKP", "crv":"Ed25519", "d" (the secret), and may have "x" (must fit), "kid"
/// (else its thumbprint), "created_at" and "retires_at" (Unix time, seconds): what a tool or a
/// Kubernetes Secret brings is read as well.
class KeyFile {
 public:
  explicit KeyFile(std::string path) : path_{std::move(path)} {}

  /// The keys of the file. kNotFound without one; kFailedPrecondition when it is no regular file or
  /// others than its owner could read it: its mode must be 0600 or 0400 and its owner this process,
  /// or, as a Secret with fsGroup is mounted, root with nothing but reading for its group;
  /// kInvalidArgument for what is in it; kUnavailable when it cannot be read.
  [[nodiscard]] Result<SigningKeys> load() const;

  /// load(); where there is no file, makes one with a new key: mode 0600, complete and on the disk
  /// before it has its name. Of processes that do so at once all get the same key. The folder must
  /// exist; kFailedPrecondition where the path is a symbolic link to nothing.
  [[nodiscard]] Result<SigningKeys> load_or_create(std::chrono::sys_seconds now) const;

  /// Adds a key (SigningKeys::rotate) and replaces the file, at once and for good.
  /// kFailedPrecondition where the path is a symbolic link: that itself would be replaced.
  [[nodiscard]] Result<SigningKeys> rotate(std::chrono::sys_seconds now,
                                           const RotationOptions& options = {}) const;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  class Next;
  /// Waits for other writers.
  [[nodiscard]] Result<Next> lock_next() const;
  /// Puts the next file in the place of this one.
  [[nodiscard]] Result<> replace(const SigningKeys& keys, Next& next) const;
  void remove_left_over() const;
  [[nodiscard]] std::unexpected<Status> failed(std::string_view what, int number) const;

  std::string path_;
};

}  // namespace hal::identity
