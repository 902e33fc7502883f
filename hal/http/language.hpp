// The language of what people read: errors.
#pragma once

#include <cstdint>
#include <string_view>

namespace hal::http {

enum class Language : std::uint8_t { kEnglish, kChinese };

/// The one of the two that a client prefers, by its Accept-Language (RFC 9110 12.5.4): the highest
/// weight counts, among equal ones the first. "zh" and every tag below it ("zh-Hans-CN") is
/// Chinese, "en" and "*" are English, other languages do not count. English for all else, what is
/// malformed included.
[[nodiscard]] Language preferred_language(std::string_view accept_language) noexcept;

}  // namespace hal::http
