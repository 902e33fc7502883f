#include <hal/rpc/metadata.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/base64.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::rpc {
namespace {

constexpr std::array<std::string_view, 4> kReserved{"content-type", "te", "user-agent",
                                                    "connection"};

bool is_key_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool is_printable(char c) noexcept { return c >= 0x20 && c <= 0x7e; }

}  // namespace

bool is_reserved_key(std::string_view key) noexcept {
  return key.starts_with(':') || key.starts_with("grpc-") ||
         std::ranges::find(kReserved, key) != kReserved.end();
}

Result<> add_metadata(std::string_view key, std::string_view value, Headers& out) {
  const std::string lower = ascii_lower(key);
  if (lower.empty() || !std::ranges::all_of(lower, is_key_character)) {
    return error(Code::kInvalidArgument,
                 fmt::format("metadata key '{}' has a character other than 0-9 a-z _ - .", key));
  }
  if (is_reserved_key(lower)) {
    return error(Code::kInvalidArgument, fmt::format("metadata key '{}' is reserved", key));
  }
  if (lower.ends_with("-bin")) {
    out.add(lower, wire::base64_encode(value));
    return {};
  }
  if (!std::ranges::all_of(value, is_printable)) {
    return error(Code::kInvalidArgument,
                 fmt::format("the value of metadata key '{}' is not printable ASCII: a key that "
                             "ends in -bin takes any bytes",
                             key));
  }
  out.add(lower, value);
  return {};
}

std::optional<std::string> metadata_value(const Headers& headers, std::string_view key) {
  const auto value = headers.get(key);
  if (!value) return std::nullopt;
  if (!key.ends_with("-bin")) return std::string{*value};
  // Values of one key may be joined by commas (PROTOCOL-HTTP2.md): the first one counts.
  auto decoded = wire::base64_decode(value->substr(0, value->find(',')));
  if (!decoded) return std::nullopt;
  return std::move(*decoded);
}

void copy_metadata(const Headers& from, Headers& to) {
  for (const auto field : from) {
    if (!is_reserved_key(field.name)) to.add(field.name, field.value);
  }
}

std::optional<Status> status_from(const Headers& headers) {
  const auto text = headers.get("grpc-status");
  if (!text) return std::nullopt;
  const auto number = parse_int<std::uint32_t>(*text);
  if (!number) {
    return Status{Code::kUnknown, fmt::format("the server sent grpc-status '{}'", *text)};
  }
  std::string message = wire::grpc::decode_message(headers.get("grpc-message").value_or(""));
  const Code code = code_from_number(*number);
  if (code == Code::kOk) return Status{};
  return Status{code, std::move(message)};
}

void add_status(const Status& status, Headers& out) {
  out.add("grpc-status", std::to_string(static_cast<unsigned>(status.code())));
  if (!status.message().empty()) {
    out.add("grpc-message", wire::grpc::encode_message(status.message()));
  }
}

}  // namespace hal::rpc
