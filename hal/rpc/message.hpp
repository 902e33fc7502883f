// Messages to framed bytes and back.
#pragma once

#include <hal/base/status.hpp>

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace hal::rpc {

/// How a call's messages are written (PROTOCOL-HTTP2.md, Content-Type).
enum class Codec : std::uint8_t {
  kProto,  ///< application/grpc, application/grpc+proto
  kJson,   ///< application/grpc+json: protobuf's JSON mapping, one object per message
};

/// What stands for it in content-type.
[[nodiscard]] constexpr std::string_view content_type_of(Codec codec) {
  return codec == Codec::kJson ? "application/grpc+json" : "application/grpc";
}

/// Prefix and message. kInternal when a required field is missing or it is over 2 GiB; for JSON
/// kUnimplemented, too, for a message without descriptors (lite).
[[nodiscard]] Result<std::string> frame_message(const google::protobuf::MessageLite& message,
                                                Codec codec = Codec::kProto);

/// kInternal, naming the type, when the bytes are no such message (what grpc-go answers). JSON with
/// a field that the type does not have is none either.
[[nodiscard]] Result<> parse_message(std::string_view bytes, google::protobuf::MessageLite& message,
                                     Codec codec = Codec::kProto);

}  // namespace hal::rpc
