#include <hal/collector/refusal_log.hpp>

#include <hal/telemetry/log.hpp>

namespace hal::collector {

void RefusalLog::refused(Format format, TimePoint now, std::string_view why) {
  const auto index = static_cast<std::size_t>(format);
  std::uint64_t requests = 0;
  {
    const std::lock_guard lock{mutex_};
    Count& count = counts_[index];
    ++count.requests;
    if (now < count.next) return;
    requests = count.requests;
    count = {.next = saturating_add(now, interval_)};
  }
  log::warn("spans refused ({}): {} ({} requests since the last such line)", kFormatNames[index],
            why, requests);
}

}  // namespace hal::collector
