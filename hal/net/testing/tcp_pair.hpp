// Both ends of one TCP connection over loopback.
#pragma once

#include <hal/net/io_loop.hpp>
#include <hal/net/testing/memory_network.hpp>

namespace hal::net::testing {

/// Both for coroutines of `loop`, which must not be running. Aborts when there is no loopback.
[[nodiscard]] StreamPair make_tcp_pair(IoLoop& loop);

}  // namespace hal::net::testing
