// A diagnosis as JSON, for machines.
#pragma once

#include <hal/cli/doctor_report.hpp>

namespace hal::cli {

/// One JSON object with a newline: findings (cause, service, upstream, provider, title, why,
/// headers, cure, calls, calls_seen, first, last, evidence), doubts, traces, arriving, too_large,
/// services, is_cut. Times are UTC (RFC 3339); ids that are not known are left out. Thread-safe.
[[nodiscard]] std::string diagnosis_json(const collector::doctor::Diagnosis& diagnosis,
                                         const DoctorReading& reading);

}  // namespace hal::cli
