#include <hal/http/language.hpp>

#include <hal/base/ascii.hpp>

#include <optional>

namespace hal::http {
namespace {

/// As many as anybody has; the rest of a longer list is not looked at.
constexpr int kRangesMax = 32;

/// The weight in thousandths: "q=0.8" is 800, none is 1000; nullopt for what is none
/// (RFC 9110 12.4.2).
std::optional<int> weight_of(std::string_view parameters) {
  parameters = ascii_trim(parameters);
  if (parameters.empty()) return 1000;
  if (parameters.size() < 3 || ascii_lower(parameters[0]) != 'q' || parameters[1] != '=') {
    return std::nullopt;
  }
  const std::string_view text = parameters.substr(2);
  if (text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int weight = text[0] - '0';
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  for (std::size_t i = 2; i < 5; ++i) {
    const char digit = i < text.size() ? text[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    weight = weight * 10 + (digit - '0');
  }
  return weight > 1000 ? std::nullopt : std::optional{weight};
}

/// nullopt for a language that is neither.
std::optional<Language> language_of(std::string_view range) {
  const std::string_view primary = range.substr(0, range.find('-'));
  if (ascii_iequals(primary, "zh")) return Language::kChinese;
  if (ascii_iequals(primary, "en") || range == "*") return Language::kEnglish;
  return std::nullopt;
}

}  // namespace

Language preferred_language(std::string_view accept_language) noexcept {
  Language best = Language::kEnglish;
  int best_weight = 0;
  for (int i = 0; i < kRangesMax && !accept_language.empty(); ++i) {
    const std::string_view item = accept_language.substr(0, accept_language.find(','));
    accept_language.remove_prefix(std::min(item.size() + 1, accept_language.size()));
    const std::string_view range = ascii_trim(item.substr(0, item.find(';')));
    const auto language = language_of(range);
    const auto weight =
        weight_of(item.find(';') == item.npos ? "" : item.substr(item.find(';') + 1));
    if (!language || !weight || *weight <= best_weight) continue;
    best = *language;
    best_weight = *weight;
  }
  return best;
}

}  // namespace hal::http
