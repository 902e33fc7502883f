// gzip of whole bodies (RFC 1952), as Content-Encoding: gzip (RFC 9110 8.4.1.3).
#pragma once

#include <hal/base/status.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace hal::wire {

struct GunzipLimits {
  /// Bytes that come out at most: what the receiver is ready to hold.
  std::size_t output_bytes_max = 1024 * 1024;
  /// Bytes out per byte in. Text stays below 50 and deflate cannot exceed 1032: more than this is
  /// made to waste the receiver's memory. Not looked at in the first ratio_free_bytes of output.
  std::size_t ratio_max = 200;
  std::size_t ratio_free_bytes = 64 * 1024;
};

/// How much work compressing may cost; zlib's levels.
enum class GzipLevel : int { kFast = 1, kDefault = 6, kSmall = 9 };

/// One gzip member, without a name or a time: equal bytes in, equal bytes out. Never fails; the
/// result is at most 0.1 % and 32 bytes longer than `bytes`.
[[nodiscard]] std::string gzip(std::string_view bytes, GzipLevel level = GzipLevel::kFast);

/// The content of one gzip member, or of several in a row (RFC 1952 2.2). Checksum and length are
/// verified. INVALID_ARGUMENT, with the position in `bytes`, for what is not gzip, is damaged,
/// ends too early or has something else behind it; RESOURCE_EXHAUSTED when a limit is reached.
/// Memory grows with what comes out, not with what the input announces.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, const GunzipLimits& limits = {});

}  // namespace hal::wire
