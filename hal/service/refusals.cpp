#include <hal/service/refusals.hpp>

#include <hal/telemetry/log.hpp>

namespace hal::service {

void Refusals::refused(const Refusal& refusal, TimePoint now) {
  constexpr std::size_t kWhyBytesMax = 200;  // it may quote the client
  std::uint64_t untold = 0;
  {
    const std::lock_guard lock{mutex_};
    Kind& kind = kinds_[{refusal.protocol, refusal.http_status}];
    ++kind.requests;
    ++kind.untold;
    if (now < kind.next) return;
    untold = std::exchange(kind.untold, 0);
    kind.next = saturating_add(now, interval_);
  }
  log::warn("{} request refused with {}: {} (from {}; {} since the last such line)",
            name(refusal.protocol), refusal.http_status, refusal.why.substr(0, kWhyBytesMax),
            refusal.peer, untold);
}

std::vector<Refusals::Count> Refusals::counts() const {
  std::vector<Count> counts;
  const std::lock_guard lock{mutex_};
  for (const auto& [kind, counted] : kinds_) {
    counts.push_back({kind.first, kind.second, counted.requests});
  }
  return counts;
}

}  // namespace hal::service
