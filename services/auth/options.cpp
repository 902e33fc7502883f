#include "options.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;
namespace fs = std::filesystem;

/// With its parents, each as private as the specification wants it.
Result<> make_folder(const fs::path& folder) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  for (fs::path at = folder; !at.empty() && !fs::exists(at, ignored); at = at.parent_path()) {
    missing.push_back(at);
  }
  for (auto each = missing.rbegin(); each != missing.rend(); ++each) {
    if (::mkdir(each->c_str(), 0700) != 0 && errno != EEXIST) {
      return hal::error(Code::kUnavailable, fmt::format("{}: {}", each->native(),
                                                        std::generic_category().message(errno)));
    }
  }
  return {};
}

Result<fs::path> user_data_folder(const hal::config::Environment& environment) {
  const fs::path data{environment.get("XDG_DATA_HOME")};
  if (data.is_absolute()) return data / "hal9000";
  const fs::path home{environment.get("HOME")};
  if (home.is_absolute()) return home / ".local" / "share" / "hal9000";
  return hal::error(Code::kInvalidArgument,
                    "there is no folder for the users' database: set HAL_AUTH_DB, XDG_DATA_HOME or "
                    "HOME to an absolute path");
}

}  // namespace

void AuthOptions::describe(hal::config::Fields& fields) {
  fields.prefix("HAL_");
  fields["auth_db"].help("SQLite file of users; empty: hal9000/auth.db in the user's data folder");
  fields["auth_key_file"].help("what signs tokens; empty: auth.key beside the database");
  fields["auth_issuer"].help("\"iss\" of tokens");
  fields["auth_audience"].help("\"aud\" of tokens");
  // A pool of 4 threads runs them; one is for writing to the database, one for reading.
  fields["auth_hashes"].range(1, 2).help("passwords that are checked at once, 19 MiB each");
  fields["auth_hashes_waiting"].range(0, 10'000).help(
      "log-ins that wait for that; beyond: UNAVAILABLE");
}

Result<Files> find_files(const AuthOptions& options, const hal::config::Environment& environment,
                         Missing missing) {
  Files files{.database = options.auth_db, .key = options.auth_key_file};
  if (files.database.empty()) {
    const auto folder = user_data_folder(environment);
    if (!folder) return hal::error(folder.error());
    if (missing == Missing::kMake) {
      if (auto made = make_folder(*folder); !made) return hal::error(std::move(made.error()));
    }
    files.database = *folder / "auth.db";
  }
  if (files.key.empty()) files.key = fs::path{files.database}.replace_filename("auth.key");
  return files;
}

}  // namespace auth
