// Options of hal9000-auth and of its commands.
#pragma once

#include "database.hpp"

#include <hal/config/config.hpp>

#include <string>

namespace auth {

struct AuthOptions {
  std::string auth_db{};        ///< empty: user_data_folder()/auth.db
  std::string auth_key_file{};  ///< empty: auth.key beside the database
  std::string auth_issuer = "hal9000-auth";
  std::string auth_audience = "hal9000";
  std::size_t auth_hashes = 2;
  std::size_t auth_hashes_waiting = 32;

  static void describe(hal::config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(AuthOptions, (),
                      (auth_db, auth_key_file, auth_issuer, auth_audience, auth_hashes,
                       auth_hashes_waiting))

/// Where database and key are.
struct Files {
  std::string database{};
  std::string key{};
};

/// What the options say, else $XDG_DATA_HOME/hal9000, else $HOME/.local/share/hal9000 (XDG Base
/// Directory Specification; a relative path there counts as unset), which may be made, with mode
/// 0700, where it is missing. INVALID_ARGUMENT without any of them, UNAVAILABLE when the folder
/// cannot be made.
[[nodiscard]] hal::Result<Files> find_files(const AuthOptions& options,
                                            const hal::config::Environment& environment,
                                            Missing missing = Missing::kMake);

}  // namespace auth
