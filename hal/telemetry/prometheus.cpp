#include <hal/telemetry/prometheus.hpp>

#include <iterator>

#include <fmt/format.h>

namespace hal::telemetry {
namespace {

/// Label values: backslash, quote and line feed are escaped.
void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void PrometheusText::begin(std::string_view suffix, Labels labels, std::string_view le) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view value) {
    text_ += std::exchange(before, ',');
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, value);
    text_ += '"';
  };
  for (const auto& [name, value] : labels) label(name, value);
  if (!le.empty()) label("le", le);
  text_ += before == '{' ? " " : "} ";
}

void PrometheusText::sample(Labels labels, std::uint64_t value) {
  begin("", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void PrometheusText::sample(Labels labels, std::int64_t value) {
  begin("", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void PrometheusText::sample(Labels labels, double value) {
  begin("", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void PrometheusText::sample(Labels labels, const Histogram& histogram) {
  std::uint64_t total = 0;
  for (std::size_t bucket = 0; bucket <= kDurationBounds.size(); ++bucket) {
    total += histogram.count(bucket);
    const std::string le = bucket < kDurationBounds.size()
                               ? fmt::format("{}", kDurationBounds[bucket])
                               : std::string{"+Inf"};
    begin("_bucket", labels, le);
    fmt::format_to(std::back_inserter(text_), "{}\n", total);
  }
  begin("_sum", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n",
                 std::chrono::duration<double>(histogram.sum()).count());
  begin("_count", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", total);
}

}  // namespace hal::telemetry
