// Private to the module: messages as JSON, by protobuf's own mapping (proto3 JSON).
#pragma once

#include <hal/base/status.hpp>

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

namespace hal::rpc {

/// One line, field names in lowerCamelCase. Errors as frame_message's.
[[nodiscard]] Result<std::string> to_json(const google::protobuf::MessageLite& message);
/// Field names in lowerCamelCase or as the .proto has them. Errors as parse_message's; the message
/// is then in no defined state.
[[nodiscard]] Result<> from_json(std::string_view json, google::protobuf::MessageLite& message);

}  // namespace hal::rpc
