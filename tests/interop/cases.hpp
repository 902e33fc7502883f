// gRPC's interoperability cases, client side (grpc/grpc doc/interop-test-descriptions.md).
#pragma once

#include <hal/rpc/channel.hpp>

#include <string>

namespace interop {

/// OK when the server did what the case demands, else what it did instead. kInvalidArgument for a
/// case that is not known, kUnimplemented for one that needs streams. Of cases with a unary and a
/// streaming part, the unary part runs.
hal::Task<hal::Result<>> run_case(const hal::rpc::Channel* channel, std::string name);

}  // namespace interop
