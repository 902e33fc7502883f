// A peer that writes and reads plain bytes, for tests of HTTP servers and clients.
#pragma once

#include <hal/net/stream.hpp>

#include <string>

namespace hal::transport::testing {

/// Everything the peer sends until it closes (or resets) the connection.
Task<Result<std::string>> read_all(net::Stream* stream);

/// Reads until `text` has come; everything read so far. UNAVAILABLE, with what has come, when the
/// peer closes before.
Task<Result<std::string>> read_until(net::Stream* stream, std::string text);

/// Writes `bytes`, then read_all(). This side stays open for writing: the peer decides when the
/// connection ends.
Task<Result<std::string>> talk(net::Stream* stream, std::string bytes);

/// talk(), but tells the peer that nothing more comes.
Task<Result<std::string>> talk_and_close(net::Stream* stream, std::string bytes);

/// Without the Date lines, which differ from run to run.
[[nodiscard]] std::string without_date(std::string text);

}  // namespace hal::transport::testing
