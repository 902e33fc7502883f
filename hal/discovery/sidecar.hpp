// Whether a service mesh's sidecar stands beside this process.
#pragma once

#include <hal/async/task.hpp>
#include <hal/async/timer.hpp>
#include <hal/net/network.hpp>

#include <chrono>
#include <string>

namespace hal::discovery {

struct SidecarOptions {
  /// Istio's: answered by the sidecar of the pod, never by another pod's.
  std::string url = "http://127.0.0.1:15021/healthz/ready";
  /// A sidecar that starts together with this process may take so long.
  Duration patience = std::chrono::seconds{5};
  Duration pause = std::chrono::milliseconds{250};
};

/// Asks until there is an answer of any status: then a sidecar is there. A call of the kit's own:
/// no part of any trace. `network` must outlive it.
Task<Result<bool>> has_sidecar(net::Network* network, SidecarOptions options);

}  // namespace hal::discovery
