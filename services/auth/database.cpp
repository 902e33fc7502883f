#include "database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;

constexpr int kPatienceMs = 5'000;

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

/// SQLite would make it readable to everybody whom the umask lets; its -wal and -shm get the
/// file's own mode. A file that is there is not opened: closing it would free the locks that
/// another connection of this process has on it (fcntl(2)).
Result<> make_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno == EEXIST) return {};
  if (descriptor < 0) {
    return hal::error(Code::kUnavailable,
                      fmt::format("{}: {}", path, std::generic_category().message(errno)));
  }
  ::close(descriptor);
  return {};
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

Result<Database> Database::open(const std::string& path) {
  if (auto made = make_private(path); !made) return hal::error(std::move(made.error()));
  sqlite3* opened = nullptr;
  // Its users see to it that one thread at a time uses it.
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database{path, opened};
  if (code != SQLITE_OK) return database.failure();
  if (auto configured = database.configure(); !configured) {
    return hal::error(std::move(configured.error()));
  }
  return database;
}

Result<> Database::configure() {
  sqlite3_extended_result_codes(database_.get(), 0);
  sqlite3_busy_timeout(database_.get(), kPatienceMs);
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

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.script("BEGIN IMMEDIATE"); !begun) {
    return hal::error(std::move(begun.error()));
  }
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
