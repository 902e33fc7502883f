// Connections that grow old: when a server says goodbye to one.
#pragma once

#include <hal/async/timer.hpp>

#include <random>

namespace hal::transport {

/// `age`, up to so much shorter or longer, so that connections of one moment do not leave in one.
[[nodiscard]] inline Duration jittered(Duration age, unsigned percent_max) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int most = static_cast<int>(percent_max);
  const int percent = std::uniform_int_distribution{100 - most, 100 + most}(random);
  return age / 100 * percent;
}

}  // namespace hal::transport
