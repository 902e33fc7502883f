// SpanSender: hands a batch of spans to a collector, in the collector's own protocol.
#pragma once

#include <hal/async/task.hpp>
#include <hal/async/timer.hpp>
#include <hal/base/status.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace hal::exporter {

/// What a collector says about a batch that it took. A message without rejected spans is a warning.
struct PartialSuccess {
  std::uint64_t rejected_spans = 0;
  std::string message{};
};

/// What one attempt came to.
struct Delivery {
  Status status{};                        ///< OK: the batch is taken. Else why not, for the log
  bool answered = false;                  ///< there was an answer, whatever it says
  bool may_retry = false;                 ///< the same batch may be taken later
  std::optional<Duration> retry_after{};  ///< the collector's wish; unset: it has none
  PartialSuccess partial{};               ///< of a batch that is taken
};

/// Shared by the exporters of all workers: send() is thread-safe.
class SpanSender {
 public:
  virtual ~SpanSender() = default;
  /// One attempt within the Context's deadline, kept out of every trace. `spans` is what
  /// Tracer::take_batch gave; it lives until the Task ends.
  virtual Task<Delivery> send(const std::string& spans) = 0;
};

}  // namespace hal::exporter
