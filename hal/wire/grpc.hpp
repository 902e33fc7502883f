// gRPC over HTTP/2: message framing, timeouts, messages and codes (grpc/grpc PROTOCOL-HTTP2.md).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hal/base/status.hpp>

namespace hal::wire::grpc {

/// Bytes before each message: a compressed flag and the length, most significant byte first.
inline constexpr std::size_t kPrefixBytes = 5;

/// The prefix of an uncompressed message of `size` bytes, to be put before one that is serialized
/// in place. Precondition: size fits 32 bits.
[[nodiscard]] std::array<char, kPrefixBytes> prefix(std::size_t size);

/// Appends prefix and payload.
void write_message(std::string_view payload, std::string& out);

/// Cuts a stream of bytes into messages, and decompresses each when it is asked for: what waits
/// takes no more memory than it took on the wire. Not thread-safe.
class MessageReader {
 public:
  /// For grpc-accept-encoding.
  static constexpr std::string_view kEncodings = "identity,gzip";

  struct Options {
    /// One message, before and after it is decompressed; gRPC's default everywhere.
    std::size_t max_bytes = 4 * 1024 * 1024;
    /// The peer's grpc-encoding header: gzip is decompressed.
    std::string encoding{};
  };

  MessageReader() : MessageReader{Options{}} {}
  explicit MessageReader(Options options) : options_{std::move(options)} {}

  /// False if the peer names another encoding than one of kEncodings.
  [[nodiscard]] bool knows_encoding() const noexcept {
    const std::string_view encoding = options_.encoding;
    return encoding.empty() || encoding == "identity" || encoding == "gzip";
  }

  /// Takes all of `bytes`; next() tells what they held. Bytes after an error are dropped. Memory is
  /// bounded by the caller, who puts no more before next() has taken the messages at hand.
  void put(std::string_view bytes);

  /// The next whole message, or nullopt when more bytes are needed. Messages that came before an
  /// error are given first; the error then stays:
  /// kResourceExhausted for a message over max_bytes, known from its prefix before memory is
  /// taken, or while it is decompressed; kUnimplemented for one compressed otherwise; kInternal for
  /// one that claims to be compressed without an encoding, for damaged gzip and an unknown flag.
  /// What gunzip() says about the ratio of a compressed message holds here as well.
  [[nodiscard]] Result<std::optional<std::string>> next();

  /// The stream has ended and next() has nothing more: kInternal when a message is cut, or next()'s
  /// error.
  [[nodiscard]] Result<> finish() const;

  /// Of what was put and next() has not taken: as it came, never decompressed.
  [[nodiscard]] std::size_t waiting_bytes() const noexcept {
    return message_.size() + rest_.size() - rest_taken_;
  }

 private:
  std::size_t cut(std::string_view bytes);
  void read_prefix();
  Result<std::string> take_message();

  Options options_;
  std::array<char, kPrefixBytes> prefix_{};
  std::size_t prefix_filled_ = 0;
  std::size_t size_ = 0;  // of the message under way, once its prefix is complete
  std::string message_;
  bool complete_ = false;  // message_ is one, and waits for next()
  std::string rest_;       // what came behind it
  std::size_t rest_taken_ = 0;
  Status error_;
};

/// The value of grpc-timeout: 1-8 digits and one of H M S m u n. nullopt when malformed.
/// What does not fit is the longest duration.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_timeout(std::string_view text) noexcept;

/// The finest unit whose number has at most 8 digits, rounded down: the server never works longer
/// than the client waits. "0n" for nothing or less.
[[nodiscard]] std::string format_timeout(std::chrono::nanoseconds timeout);

/// grpc-message: bytes outside 0x20-0x7e, and '%', become %XX.
[[nodiscard]] std::string encode_message(std::string_view message);
/// The opposite. Never fails: a broken escape is kept as it stands, as the specification asks.
[[nodiscard]] std::string decode_message(std::string_view text);

/// For a response without grpc-status (doc/http-grpc-status-mapping.md): 404 is kUnimplemented.
[[nodiscard]] Code code_from_http(int http_status) noexcept;
/// For a stream that was reset (PROTOCOL-HTTP2.md, Errors): REFUSED_STREAM is kUnavailable.
[[nodiscard]] Code code_from_http2(std::uint32_t error_code) noexcept;
/// What an HTTP edge answers for a code (google/rpc/code.proto): kNotFound is 404.
[[nodiscard]] int http_from_code(Code code) noexcept;

}  // namespace hal::wire::grpc
