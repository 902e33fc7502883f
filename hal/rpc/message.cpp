#include <hal/rpc/message.hpp>

#include <hal/rpc/json.hpp>
#include <hal/wire/grpc.hpp>

#include <limits>

namespace hal::rpc {

Result<std::string> frame_message(const google::protobuf::MessageLite& message, Codec codec) {
  if (codec == Codec::kJson) {
    const auto json = to_json(message);
    if (!json) return json;
    std::string framed;
    wire::grpc::write_message(*json, framed);
    return framed;
  }
  const std::size_t size = message.ByteSizeLong();
  if (size > std::numeric_limits<int>::max()) {
    return error(Code::kInternal,
                 fmt::format("a {} of {} bytes is too large", message.GetTypeName(), size));
  }
  if (!message.IsInitialized()) {
    return error(Code::kInternal,
                 fmt::format("a {} lacks required fields: {}", message.GetTypeName(),
                             message.InitializationErrorString()));
  }
  const auto prefix = wire::grpc::prefix(size);
  std::string bytes(prefix.size() + size, '\0');
  std::ranges::copy(prefix, bytes.begin());
  message.SerializeWithCachedSizesToArray(
      reinterpret_cast<std::uint8_t*>(bytes.data() + prefix.size()));
  return bytes;
}

Result<> parse_message(std::string_view bytes, google::protobuf::MessageLite& message,
                       Codec codec) {
  if (codec == Codec::kJson) return from_json(bytes, message);
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return error(Code::kInternal, fmt::format("the message's {} bytes are no {}", bytes.size(),
                                            message.GetTypeName()));
}

}  // namespace hal::rpc
