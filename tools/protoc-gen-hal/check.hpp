// What protoc accepts and the generated C++ cannot say.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

namespace hal::protoc {

/// "dir/a.proto:12: why" for the first thing in `file` that would give C++ two meanings for one
/// name; empty when all is well.
[[nodiscard]] std::string first_problem(const google::protobuf::FileDescriptor& file);

}  // namespace hal::protoc
