// A diagnosis in words for people: what is wrong, how one sees it, what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <hal/collector/doctor/finding.hpp>

namespace hal::collector::doctor {

struct Words {
  std::string title{};                      ///< who does what wrong
  std::string why{};                        ///< what the spans show; sentences
  std::string_view headers_are{};           ///< "missing", "stale", ...; static storage
  std::vector<std::string_view> headers{};  ///< static storage
  std::string cure{};                       ///< sentences
};

/// In the terms of the finding's provider. Thread-safe.
[[nodiscard]] Words words_of(const Finding& finding);

/// One sentence or two. Thread-safe.
[[nodiscard]] std::string words_of(const Doubt& doubt);

}  // namespace hal::collector::doctor
