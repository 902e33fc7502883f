// Metadata: a user's own headers and trailers of a call (PROTOCOL-HTTP2.md, Custom-Metadata).
#pragma once

#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace hal::rpc {

/// Adds a user's pair: the key in lower case, the value of a "-bin" key in base64.
/// kInvalidArgument for a key outside [0-9a-z_.-] or reserved ("grpc-...", ":...", content-type,
/// te, user-agent), and for a text value outside 0x20-0x7e.
[[nodiscard]] Result<> add_metadata(std::string_view key, std::string_view value, Headers& out);

/// The first value of a key, decoded if it ends in "-bin"; nullopt when absent or not base64.
[[nodiscard]] std::optional<std::string> metadata_value(const Headers& headers,
                                                        std::string_view key);

/// A key that gRPC itself owns: never a user's metadata.
[[nodiscard]] bool is_reserved_key(std::string_view key) noexcept;

/// Appends to `to` what is a user's metadata in `from`.
void copy_metadata(const Headers& from, Headers& to);

/// The status that headers or trailers carry: grpc-status and grpc-message; nullopt without
/// grpc-status. A status that is no number is kUnknown, and says so.
[[nodiscard]] std::optional<Status> status_from(const Headers& headers);
/// Adds grpc-status and, unless empty, grpc-message.
void add_status(const Status& status, Headers& out);

}  // namespace hal::rpc
