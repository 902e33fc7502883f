// KeyRing: the signing keys of a running server, which follow their file.
#pragma once

#include "clock.hpp"

#include <hal/identity/key_file.hpp>

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace auth {

/// The keys of a file, read again when the file is another one: after `hal9000-auth rotate`, or
/// when a Kubernetes Secret changes. Thread-safe.
class KeyRing {
 public:
  using Keys = std::shared_ptr<const hal::identity::SigningKeys>;

  /// Reads the file, or makes it. Errors as of KeyFile::load_or_create. Blocks.
  [[nodiscard]] static hal::Result<std::unique_ptr<KeyRing>> open(std::string path, WallTime now);

  /// The keys of the file as it is. One that cannot be read is logged, and the keys stay until it
  /// can be. Blocks.
  [[nodiscard]] Keys current();

 private:
  /// What tells that a file is another one.
  struct Version {
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };
  explicit KeyRing(std::string path) : file_{std::move(path)} {}
  [[nodiscard]] Version version() const;

  const hal::identity::KeyFile file_;
  std::mutex mutex_;
  Version version_;                 ///< of keys_
  std::optional<Version> refused_;  ///< of a file that could not be read, once it is logged
  Keys keys_;
};

}  // namespace auth
