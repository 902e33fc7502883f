#include <hal/rpc/json.hpp>

#include <fmt/format.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

namespace hal::rpc {
namespace {

std::unexpected<Status> lite(const google::protobuf::MessageLite& message) {
  return error(Code::kUnimplemented, fmt::format("{} has no JSON: its .proto is optimized for "
                                                 "LITE_RUNTIME",
                                                 message.GetTypeName()));
}

}  // namespace

Result<std::string> to_json(const google::protobuf::MessageLite& message) {
  const auto* const full = dynamic_cast<const google::protobuf::Message*>(&message);
  if (full == nullptr) return lite(message);
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(*full, &json);
  if (status.ok()) return json;
  return error(Code::kInternal, fmt::format("a {} has no JSON: {}", message.GetTypeName(),
                                            std::string_view{status.message()}));
}

Result<> from_json(std::string_view json, google::protobuf::MessageLite& message) {
  auto* const full = dynamic_cast<google::protobuf::Message*>(&message);
  if (full == nullptr) return lite(message);
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, full);
  if (status.ok()) return {};
  return error(Code::kInternal, fmt::format("the JSON is no {}: {}", message.GetTypeName(),
                                            std::string_view{status.message()}));
}

}  // namespace hal::rpc
