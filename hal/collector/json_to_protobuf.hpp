// JSON as the protobuf message that it stands for (protobuf.dev "ProtoJSON Format").
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <hal/base/status.hpp>

namespace hal::collector {

/// What stands in the JSON, and what it becomes on the wire.
enum class JsonForm : std::uint8_t {
  kText,       ///< string -> bytes
  kBase64,     ///< string, either alphabet -> bytes
  kHex,        ///< string of an even number of digits -> bytes
  kHexNumber,  ///< string of digits, one more zero in front if need be -> bytes
  kIpAddress,  ///< string -> 4 or 16 bytes; any other text: none
  kBool,       ///< true, false -> varint
  kInt64,      ///< number or string -> varint
  kUint64,     ///< number or string -> varint
  kFixed64,    ///< number or string, not negative -> fixed64
  kDouble,     ///< number or string, also "NaN", "Infinity", "-Infinity" -> fixed64
  kEnum,       ///< name or number -> varint
  kMessage,    ///< object -> bytes
  kTextMap,    ///< object of strings -> one message {key = 1, value = 2} each
};

struct JsonMessage;

struct JsonField {
  std::string_view name;     ///< as in the JSON
  std::uint32_t number = 0;  ///< on the wire
  JsonForm form = JsonForm::kText;
  bool repeated = false;                         ///< an array of such values
  const JsonMessage* message = nullptr;          ///< of kMessage
  std::span<const std::string_view> names = {};  ///< of kEnum, from 0 on
};

struct JsonMessage {
  std::span<const JsonField> fields;
};

/// The wire form of a JSON text whose outermost value is one of `root`; root.number 0: a message by
/// itself, with no tag and length in front. Fields that the tables lack are checked as JSON and
/// left out; null is as if absent; a field that comes twice does so on the wire. Bytes that are no
/// UTF-8 stay. The result is at most 4 times longer than the text. INVALID_ARGUMENT names the path,
/// what is wrong, line and column; also for more than 100 levels. Thread-safe.
[[nodiscard]] Result<std::string> json_to_protobuf(std::string_view text, const JsonField& root);

}  // namespace hal::collector
