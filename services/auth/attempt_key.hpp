// Whose attempts to log in are limited: a name's, or those of a name from one client.
#pragma once

#include "store.hpp"

#include <string_view>

namespace auth {

inline constexpr std::size_t kAttemptKeyBytes = 16;

/// For a name from anywhere, or from `client` alone. `secret`: Store::attempts_secret().
[[nodiscard]] AttemptKey attempt_key(std::string_view secret, std::string_view name,
                                     std::string_view client = {});

/// Under which an attempt of a place is stored, beside those of names and clients: the two are
/// counted apart (Auth::Attempt).
[[nodiscard]] inline AttemptKey stored_place(const AttemptKey& place) { return place + 'p'; }
/// The place that is stored so, if it is one.
[[nodiscard]] inline std::optional<AttemptKey> place_stored(const AttemptKey& key) {
  if (key.size() != kAttemptKeyBytes + 1) return std::nullopt;
  return key.substr(0, kAttemptKeyBytes);
}

}  // namespace auth
