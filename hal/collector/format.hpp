// The formats that spans come in.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace hal::collector {

enum class Format : std::uint8_t {
  kOtlpProtobuf,
  kOtlpJson,
  kOtlpGrpc,
  kOtlpGrpcJson,
  kZipkinJson,
  kZipkinProtobuf
};
inline constexpr std::array<std::string_view, 6> kFormatNames{
    "otlp_protobuf", "otlp_json", "otlp_grpc", "otlp_grpc_json", "zipkin_json", "zipkin_protobuf"};

}  // namespace hal::collector
