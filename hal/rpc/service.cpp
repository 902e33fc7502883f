#include <hal/rpc/service.hpp>

namespace hal::rpc::detail {

Task<Result<>> run_streaming(Service& service, ServerStream& stream) {
  const auto path = stream.request_metadata().get(":path").value_or("");
  co_return error(Code::kUnimplemented, fmt::format("{} is a streaming method of {}: streaming is "
                                                    "not served",
                                                    path, service.full_name()));
}

}  // namespace hal::rpc::detail
