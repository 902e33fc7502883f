#include "schema.hpp"

#include <array>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;

/// "hal9" as a number: what PRAGMA application_id is for.
constexpr std::int64_t kApplication = 0x68616c39;

// Times are Unix times. `change` orders what is revoked: see Store::revocations. A password has a
// version of its own, since its hash changes with the parameters. `last_issued_s` is when the
// latest token of the user was issued.
const std::string kFirst = R"(
CREATE TABLE state(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO state VALUES('changes', 0), ('epoch', abs(random() % 2147483647) + 1),
                        ('key', randomblob(32));

CREATE TABLE users(
  name TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  password_version INTEGER NOT NULL,
  last_issued_s INTEGER NOT NULL DEFAULT 0,
  role TEXT NOT NULL CHECK(role IN ('user', 'admin')),
  created_at_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cutoffs(
  subject TEXT PRIMARY KEY,
  not_before_s INTEGER NOT NULL,
  change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cutoffs_by_change ON cutoffs(change);

CREATE TABLE revoked_tokens(
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  expires_at_s INTEGER NOT NULL,
  change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_change ON revoked_tokens(change);
CREATE INDEX revoked_tokens_by_subject ON revoked_tokens(subject);
CREATE INDEX revoked_tokens_by_end ON revoked_tokens(expires_at_s);

CREATE TABLE attempts(key BLOB PRIMARY KEY, free_at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_end ON attempts(free_at_ms);

CREATE TABLE known_clients(
  user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
  client BLOB NOT NULL,
  seen_at_s INTEGER NOT NULL,
  PRIMARY KEY(user, client)
) STRICT, WITHOUT ROWID;
)";

const std::array kSteps{kFirst};

Result<std::int64_t> checked_version(Database& database, std::int64_t newest) {
  auto version = database.integer("PRAGMA user_version");
  if (!version) return version;
  const auto application = database.integer("PRAGMA application_id");
  if (!application) return application;
  const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables;
  if (*application != kApplication && (*version != 0 || *tables != 0)) {
    return hal::error(Code::kFailedPrecondition,
                      fmt::format("{}: this is a database of another program", database.path()));
  }
  if (*version > newest) {
    return hal::error(
        Code::kFailedPrecondition,
        fmt::format("{}: the database has version {}, and this program knows versions up to {}: "
                    "run the newer program",
                    database.path(), *version, newest));
  }
  return version;
}

}  // namespace

std::span<const std::string> schema_steps() { return kSteps; }

Result<> migrate(Database& database, std::span<const std::string> steps) {
  const auto newest = static_cast<std::int64_t>(steps.size());
  for (;;) {
    // In the transaction: another program may be at the same step.
    auto transaction = Transaction::begin(database, Durability::kPowerLoss);
    if (!transaction) return hal::error(std::move(transaction.error()));
    const auto version = checked_version(database, newest);
    if (!version) return hal::error(version.error());
    if (*version == newest) return {};
    auto done = database.script(steps[static_cast<std::size_t>(*version)] +
                                fmt::format("; PRAGMA user_version={}; PRAGMA application_id={}",
                                            *version + 1, kApplication));
    if (done) done = transaction->commit();
    if (!done) {
      return hal::error(
          done.error().with_prefix(fmt::format("step {} of the schema", *version + 1)));
    }
  }
}

}  // namespace auth
