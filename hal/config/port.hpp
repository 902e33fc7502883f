// Port: a TCP port that cannot be mistaken for another number.
#pragma once

#include <compare>
#include <cstdint>

namespace hal::config {

/// A TCP port, 0-65535; 0 means "any free port" to a listener.
class Port {
 public:
  constexpr Port() = default;
  constexpr explicit Port(std::uint16_t number) noexcept : number_{number} {}

  [[nodiscard]] constexpr std::uint16_t number() const noexcept { return number_; }

  friend constexpr auto operator<=>(Port, Port) = default;

 private:
  std::uint16_t number_ = 0;
};

}  // namespace hal::config
