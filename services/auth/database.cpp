#include "database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;

/// With other writers, by durability.
constexpr int kPatienceMs = 5'000;
constexpr int kShortPatienceMs = 2'000;

Code code_of(sqlite3* database) {
  switch (sqlite3_errcode(database)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Code::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kDataLoss;
    default:
      break;
  }
  switch (sqlite3_extended_errcode(database)) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
      return Code::kAlreadyExists;
    default:
      return Code::kInternal;
  }
}

std::unexpected<hal::Status> unavailable(const std::string& path, int number) {
  return hal::error(Code::kUnavailable,
                    fmt::format("{}: {}", path, std::generic_category().message(number)));
}

/// The file and those that SQLite has beside it. By name: to open and close one would free the
/// locks that another connection of this process has on it (fcntl(2)).
Result<> make_private(const std::string& path) {
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    const std::string name = path + suffix;
    struct stat status{};
    if (::stat(name.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;
      return unavailable(name, errno);
    }
    if ((status.st_mode & 077U) == 0) continue;
    if (status.st_uid != ::geteuid()) {
      return hal::error(Code::kFailedPrecondition,
                        fmt::format("{}: others may read it, and it is not ours to forbid it: its "
                                    "mode must be 0600",
                                    name));
    }
    if (::chmod(name.c_str(), 0600) != 0) return unavailable(name, errno);
  }
  return {};
}

/// SQLite would let everybody read it whom the umask lets; what it makes beside the file later gets
/// the file's own mode.
Result<> make_file(const std::string& path, Missing missing) {
  if (missing == Missing::kRefuse) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return unavailable(path, errno);
  } else {
    const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0 && errno != EEXIST) return unavailable(path, errno);
    if (made >= 0) ::close(made);
  }
  return make_private(path);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default: {
      sqlite3* const database = sqlite3_db_handle(statement_.get());
      const char* const name = sqlite3_db_filename(database, "main");
      return hal::error(code_of(database), fmt::format("{}: {}", name, sqlite3_errmsg(database)));
    }
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string{} : std::string{bytes, size};
}

bool Statement::bind(int place, std::string_view text) {
  // An empty view may have no address, which SQLite would take for NULL.
  return sqlite3_bind_text64(statement_.get(), place, text.empty() ? "" : text.data(), text.size(),
                             SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK;
}

bool Statement::bind(int place, Bytes blob) {
  return sqlite3_bind_blob64(statement_.get(), place, blob.data(), blob.size(), SQLITE_TRANSIENT) ==
         SQLITE_OK;
}

bool Statement::bind(int place, std::int64_t number) {
  return sqlite3_bind_int64(statement_.get(), place, number) == SQLITE_OK;
}

void Database::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

Result<Database> Database::connect(const std::string& path) {
  sqlite3* opened = nullptr;
  // Its users see to it that one thread at a time uses it.
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database{path, opened};
  if (code != SQLITE_OK) return database.failure();
  database.be_patient(kPatienceMs);
  return database;
}

Result<Database> Database::open(const std::string& path, Missing missing) {
  if (auto made = make_file(path, missing); !made) return hal::error(std::move(made.error()));
  auto database = connect(path);
  if (!database) return database;
  if (auto configured = database->configure(); !configured) {
    return hal::error(std::move(configured.error()));
  }
  return database;
}

Result<Database> Database::open_to_read(const std::string& path) {
  auto database = connect(path);
  if (!database) return database;
  auto reading = database->script("PRAGMA query_only=ON; PRAGMA trusted_schema=OFF");
  if (!reading) return hal::error(std::move(reading.error()));
  return database;
}

void Database::be_patient(int ms) { sqlite3_busy_timeout(database_.get(), ms); }

Result<> Database::configure() {
  auto mode = query("PRAGMA journal_mode=WAL");
  if (!mode) return hal::error(std::move(mode.error()));
  if (auto row = mode->step(); !row) return hal::error(std::move(row.error()));
  if (mode->text(0) != "wal") {
    return hal::error(Code::kUnavailable,
                      fmt::format("{}: its file system has no shared memory, which SQLite's WAL "
                                  "needs: use a local one",
                                  path_));
  }
  return script("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF");
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &prepared,
                         nullptr) != SQLITE_OK) {
    return failure();
  }
  return Statement{prepared};
}

Result<> Database::finish(Statement& statement) {
  for (;;) {
    auto row = statement.step();
    if (!row) return hal::error(std::move(row.error()));
    if (!*row) return {};
  }
}

std::int64_t Database::changes() const { return sqlite3_changes64(database_.get()); }

Result<std::int64_t> Database::first_integer(Statement& statement) {
  auto row = statement.step();
  if (!row) return hal::error(std::move(row.error()));
  if (!*row) return hal::error(Code::kNotFound, fmt::format("{}: no such row", path_));
  return statement.integer(0);
}

Result<> Database::script(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure();
  }
  return {};
}

std::unexpected<hal::Status> Database::failure() const {
  return hal::error(code_of(database_.get()),
                    fmt::format("{}: {}", path_, sqlite3_errmsg(database_.get())));
}

Result<Transaction> Transaction::begin(Database& database, Durability durability) {
  const bool lasting = durability == Durability::kPowerLoss;
  database.be_patient(lasting ? kPatienceMs : kShortPatienceMs);
  auto begun = database.script(lasting ? "PRAGMA synchronous=FULL; BEGIN IMMEDIATE"
                                       : "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE");
  if (!begun) return hal::error(std::move(begun.error()));
  return Transaction{database};
}

Result<Transaction> Transaction::begin_to_read(Database& database) {
  if (auto begun = database.script("BEGIN"); !begun) return hal::error(std::move(begun.error()));
  return Transaction{database};
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->script("ROLLBACK");
}

Result<> Transaction::commit() {
  auto done = database_->script("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace auth
