// Metrics as text, for a scrape.
#pragma once

#include <hal/telemetry/histogram.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace hal::telemetry {

/// Writes the Prometheus text format 0.0.4: a family first, then its samples. Labels' values are
/// escaped; names are taken as they are. Not thread-safe.
class PrometheusText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// `type`: counter, gauge or histogram. `help` is one line.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// A sample of the family begun last.
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, std::int64_t value);
  void sample(Labels labels, double value);
  /// All buckets, sum (in seconds) and count.
  void sample(Labels labels, const Histogram& histogram);

  /// All of it, once.
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view suffix, Labels labels, std::string_view le = {});

  std::string name_;
  std::string text_;
};

}  // namespace hal::telemetry
