// Protobuf messages to framed bytes and back.
#pragma once

#include <hal/base/status.hpp>

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

namespace hal::rpc {

/// Prefix and serialized message. kInternal when a required field is missing or it is over 2 GiB.
[[nodiscard]] Result<std::string> frame_message(const google::protobuf::MessageLite& message);

/// kInternal, naming the type, when the bytes are no such message (what grpc-go answers).
[[nodiscard]] Result<> parse_message(std::string_view bytes,
                                     google::protobuf::MessageLite& message);

}  // namespace hal::rpc
