// Whose attempts to log in are limited: a name's, or those of a name from one client.
#pragma once

#include "store.hpp"

#include <string_view>

namespace auth {

/// For a name from anywhere, or from `client` alone. `secret`: Store::attempts_secret().
[[nodiscard]] AttemptKey attempt_key(std::string_view secret, std::string_view name,
                                     std::string_view client = {});

}  // namespace auth
