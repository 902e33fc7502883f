// Panic: an exception of a handler ends its call, never the process.
#pragma once

#include <hal/service/layer.hpp>

namespace hal::layers {

/// Server side: an exception becomes INTERNAL with a message that tells the caller nothing, and a
/// log line that tells what was thrown.
class Panic final : public service::Layer {
 public:
  Task<> handle(service::Call& call, service::Next next) const override;
};

}  // namespace hal::layers
