#include <hal/telemetry/id_generator.hpp>

#include <bit>
#include <cstring>
#include <random>

namespace hal::telemetry {
namespace {

// splitmix64, as the authors of xoshiro advise for its seed: never an all-zero state.
std::uint64_t mix(std::uint64_t& seed) noexcept {
  seed += 0x9e3779b97f4a7c15;
  std::uint64_t z = seed;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

IdGenerator::IdGenerator() {
  std::random_device device;
  // All 256 bits from the system: two processes never share a sequence by a common small seed.
  for (std::uint64_t& word : state_) {
    std::uint64_t seed = (static_cast<std::uint64_t>(device()) << 32) | device();
    word = mix(seed);
  }
}

IdGenerator::IdGenerator(std::uint64_t seed) noexcept {
  for (std::uint64_t& word : state_) word = mix(seed);
}

std::uint64_t IdGenerator::next() noexcept {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void IdGenerator::fill(std::span<std::uint8_t> bytes) noexcept {
  while (!bytes.empty()) {
    const std::uint64_t word = next();
    const std::size_t size = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(bytes.data(), &word, size);
    bytes = bytes.subspan(size);
  }
}

TraceId IdGenerator::trace_id() noexcept {
  TraceId id;
  do fill(id.bytes);
  while (!id.valid());
  return id;
}

SpanId IdGenerator::span_id() noexcept {
  SpanId id;
  do fill(id.bytes);
  while (!id.valid());
  return id;
}

}  // namespace hal::telemetry
