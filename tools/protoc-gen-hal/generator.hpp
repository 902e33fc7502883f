// The plugin: turns the services of one .proto into classes of hal::rpc.
#pragma once

#include <google/protobuf/compiler/code_generator.h>

namespace hal::protoc {

/// For a.proto writes a.hal.hpp; without services it holds just the include of a.pb.h, so that a
/// build knows its outputs. Thread-safe.
class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  /// False, with "file:line: what is wrong" in *error, when two things would get one name in C++,
  /// and for any parameter: there are none.
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;

  [[nodiscard]] std::uint64_t GetSupportedFeatures() const override {
    return FEATURE_PROTO3_OPTIONAL;
  }
};

}  // namespace hal::protoc
