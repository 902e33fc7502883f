#include <hal/cli/doctor_report.hpp>

#include <hal/cli/terminal_text.hpp>
#include <hal/collector/doctor/words.hpp>

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hal::cli {
namespace {

using collector::doctor::Cause;
using collector::doctor::Diagnosis;
using collector::doctor::Evidence;
using collector::doctor::Finding;
using collector::doctor::Words;

constexpr std::string_view kReset = "\033[0m";
constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kRed = "\033[1;31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kGreen = "\033[32m";

constexpr std::size_t kIndent = 2;
constexpr std::size_t kLabel = 10;

class DiagnosisPrinter {
 public:
  explicit DiagnosisPrinter(const TraceTreeOptions& options)
      : options_{options}, width_{std::max<std::size_t>(options.width, 60)} {}

  std::string print(const Diagnosis& diagnosis, const DoctorReading& reading) {
    for (const Finding& finding : diagnosis.findings) {
      append_finding(finding);
      out_ += '\n';
    }
    for (const auto& doubt : diagnosis.doubts) {
      out_ += painted("? ", kYellow);
      append_wrapped(printable(words_of(doubt)), kIndent);
      out_ += '\n';
    }
    append_count(diagnosis, reading);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string painted(std::string_view text, std::string_view colour) const {
    if (!options_.colour || text.empty()) return std::string{text};
    return fmt::format("{}{}{}", colour, text, kReset);
  }

  /// Words from the current column on; further lines begin at `indent`.
  void append_wrapped(std::string_view text, std::size_t indent) {
    std::size_t column = indent;
    bool is_first = true;
    while (!text.empty()) {
      const auto end = std::min(text.find(' '), text.size());
      const auto word = text.substr(0, end);
      const auto width = display_width(word);
      if (!is_first && column + 1 + width > width_) {
        out_ += '\n' + std::string(indent, ' ');
        column = indent;
      } else if (!is_first) {
        out_ += ' ';
        ++column;
      }
      out_ += word;
      column += width;
      is_first = false;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    out_ += '\n';
  }

  void append_part(std::string_view label, std::string_view text) {
    out_.append(kIndent, ' ');
    out_ += painted(pad_right(label, kLabel), kDim);
    append_wrapped(printable(text), kIndent + kLabel);
  }

  /// Ids and names are for copying: never wrapped.
  void append_line(std::string_view label, std::string_view text) {
    out_.append(kIndent, ' ');
    out_ += painted(pad_right(label, kLabel), kDim);
    out_ += printable(text) + '\n';
  }

  void append_finding(const Finding& finding) {
    const Words words = words_of(finding);
    out_ += painted(options_.ascii ? "x " : "✗ ", kRed);
    out_ += options_.colour ? std::string{kBold} : std::string{};
    append_wrapped(printable(words.title), kIndent);
    if (options_.colour) out_ += kReset;
    append_part("how often",
                fmt::format("{} of {}, {} {}", finding.calls, plural(finding.calls_seen, "call"),
                            finding.calls == 1 ? "at" : "since", utc_time(finding.first_unix_ns)));
    if (!words.headers.empty()) {
      append_part(words.headers_are, fmt::format("{}", fmt::join(words.headers, ", ")));
    }
    append_part("seen", words.why);
    if (!finding.evidence.empty()) append_evidence(finding.evidence.front(), is_own_call(finding));
    append_part("cure", words.cure);
  }

  /// Shows the application's span of a call that its sidecar did not record.
  static bool is_own_call(const Finding& finding) {
    return finding.cause == Cause::kSamplingChanged && !finding.turned_on;
  }

  void append_evidence(const Evidence& evidence, bool is_own_call) {
    const bool has_request = evidence.inbound_span.valid();
    if (has_request) {
      append_line("request", fmt::format("trace {}  span {}", evidence.inbound_trace.hex(),
                                         evidence.inbound_span.hex()));
    }
    append_line("call", fmt::format("trace {}  span {}", evidence.outbound_trace.hex(),
                                    evidence.outbound_span.hex()));
    append_line("", evidence.outbound_parent.valid()
                        ? fmt::format("parent {}", evidence.outbound_parent.hex())
                        : "no parent");
    if (is_own_call) append_line("", "the application's own span; its sidecar has none");
    append_request_ids(evidence);
    append_line("", fmt::format("node_id {}", evidence.node_id));
    append_line("", fmt::format("upstream_cluster {}", evidence.upstream_cluster));
  }

  void append_request_ids(const Evidence& evidence) {
    if (evidence.outbound_request_id.empty()) return;
    const bool has_request = evidence.inbound_span.valid();
    const bool is_same = evidence.inbound_request_id == evidence.outbound_request_id;
    append_line("", fmt::format("guid:x-request-id {}{}", evidence.outbound_request_id,
                                has_request && is_same ? ", as the request's" : ""));
    if (has_request && !is_same) {
      append_line("", fmt::format("the request's {}", evidence.inbound_request_id));
    }
  }

  void append_count(const Diagnosis& diagnosis, const DoctorReading& reading) {
    std::string text;
    const auto findings = diagnosis.findings.size();
    if (diagnosis.is_too_early) {
      text = "Nothing to see yet of the trace asked for: its other half may still be arriving";
    } else if (diagnosis.traces == 0) {
      text = fmt::format("No traces to judge in {}", reading.source);
    } else {
      text = fmt::format(
          "{} in {} of {} since {}", findings == 0 ? "Nothing found" : plural(findings, "finding"),
          plural(diagnosis.traces, "trace"), plural(diagnosis.services, "meshed service"),
          utc_time(diagnosis.first_unix_ns));
    }
    if (reading.is_cut) text += " (older ones: --limit)";
    if (diagnosis.arriving > 0) {
      text += fmt::format("; {} left out, still arriving", plural(diagnosis.arriving, "trace"));
    }
    if (diagnosis.too_large > 0) {
      text += fmt::format("; {} left out, too large", plural(diagnosis.too_large, "trace"));
    }
    const bool is_good = findings == 0 && diagnosis.traces > 0 && !diagnosis.is_too_early;
    if (is_good && options_.colour) out_ += kGreen;
    append_wrapped(text + ".", 0);
    if (is_good && options_.colour) out_ += kReset;
  }

  const TraceTreeOptions& options_;
  const std::size_t width_;
  std::string out_;
};

}  // namespace

std::string render_diagnosis(const Diagnosis& diagnosis, const DoctorReading& reading,
                             const TraceTreeOptions& options) {
  return DiagnosisPrinter{options}.print(diagnosis, reading);
}

}  // namespace hal::cli
