#include <hal/export/failure_log.hpp>

#include <hal/telemetry/log.hpp>

namespace hal::exporter {

void FailureLog::failed(Failure kind, TimePoint now, std::size_t spans, std::string_view why) {
  failing_ = failing_ || kind != Failure::kPartial;
  Kind& counted = kinds_[static_cast<std::size_t>(kind)];
  ++counted.batches;
  counted.spans += spans;
  if (now < counted.next) return;
  log::warn("trace export to {}: {} ({} spans lost in {} batches)", where_, why, counted.spans,
            counted.batches);
  counted = {.next = saturating_add(now, interval_)};
}

void FailureLog::succeeded() {
  if (!failing_) return;
  failing_ = false;
  log::info("trace export to {}: works again", where_);
}

}  // namespace hal::exporter
