// The tables of the user database, by version.
#pragma once

#include "database.hpp"

#include <span>
#include <string>

namespace auth {

/// Step n of the schema leads from version n to n + 1. A step is never changed once released.
[[nodiscard]] std::span<const std::string> schema_steps();

/// Brings the database to the version of the last step, each step in a transaction that counts its
/// version (PRAGMA user_version); several programs may try at once. FAILED_PRECONDITION for a
/// version that is newer than that, and for a database of something else.
[[nodiscard]] hal::Result<> migrate(Database& database,
                                    std::span<const std::string> steps = schema_steps());

}  // namespace auth
