// Database: one connection to an SQLite file, with Results in place of its numbers.
#pragma once

#include <hal/base/status.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace auth {

using Bytes = std::span<const std::uint8_t>;

/// A prepared statement with its values. Must not outlive its Database.
class Statement {
 public:
  /// True: a row is there to be read. Errors as of Database::run.
  [[nodiscard]] hal::Result<bool> step();

  // Columns of the row, from 0. Precondition: step() has returned true.
  [[nodiscard]] std::int64_t integer(int column) const;
  /// The bytes of a text or a blob; a copy.
  [[nodiscard]] std::string text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_{statement} {}
  [[nodiscard]] bool bind(int place, std::string_view text);
  [[nodiscard]] bool bind(int place, Bytes blob);
  [[nodiscard]] bool bind(int place, std::int64_t number);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// What to do with a file that is not there.
enum class Missing : std::uint8_t { kMake, kRefuse };

/// Blocks: for threads that may. Not thread-safe.
class Database {
 public:
  /// Opens the file, or makes it: WAL, foreign keys, 5 s of patience with other writers. Its mode
  /// is 0600, or becomes so. UNAVAILABLE, naming file and reason, when that cannot be;
  /// FAILED_PRECONDITION when it belongs to somebody else and others may read it.
  [[nodiscard]] static hal::Result<Database> open(const std::string& path,
                                                  Missing missing = Missing::kMake);
  /// Another connection to a file that is open(), for reading: no writer makes it wait.
  [[nodiscard]] static hal::Result<Database> open_to_read(const std::string& path);

  /// `sql` with its `?` bound to `values`: std::int64_t, texts, Bytes.
  template <class... Values>
  [[nodiscard]] hal::Result<Statement> query(std::string_view sql, const Values&... values) {
    auto statement = prepare(sql);
    if (!statement) return statement;
    int place = 0;
    const bool bound = (statement->bind(++place, values) && ...);
    if (!bound) return failure();
    return statement;
  }
  /// Runs it to its end. ALREADY_EXISTS for a key that is there,
  /// UNAVAILABLE when others write too long or the disk is full, DATA_LOSS for a damaged file, else
  /// INTERNAL. Messages name the file, and never a bound value.
  template <class... Values>
  hal::Result<> run(std::string_view sql, const Values&... values) {
    auto statement = query(sql, values...);
    if (!statement) return hal::error(std::move(statement.error()));
    return finish(*statement);
  }
  /// The first column of the first row; NOT_FOUND without a row.
  template <class... Values>
  [[nodiscard]] hal::Result<std::int64_t> integer(std::string_view sql, const Values&... values) {
    auto statement = query(sql, values...);
    if (!statement) return hal::error(std::move(statement.error()));
    return first_integer(*statement);
  }
  /// How many rows the last run() has added, changed or deleted.
  [[nodiscard]] std::int64_t changes() const;
  /// Several statements without values, separated by semicolons.
  hal::Result<> script(const std::string& sql);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  Database(std::string path, sqlite3* database) : path_{std::move(path)}, database_{database} {}
  [[nodiscard]] hal::Result<Statement> prepare(std::string_view sql);
  [[nodiscard]] static hal::Result<> finish(Statement& statement);
  [[nodiscard]] hal::Result<std::int64_t> first_integer(Statement& statement);
  [[nodiscard]] std::unexpected<hal::Status> failure() const;
  [[nodiscard]] static hal::Result<Database> connect(const std::string& path);
  [[nodiscard]] hal::Result<> configure();
  void be_patient(int ms);

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

/// What a commit survives.
enum class Durability : std::uint8_t {
  kPowerLoss,  ///< everything: it is on the disk (synchronous=FULL); waits 5 s for other writers
  kKill,       ///< the end of the process, not of the machine, and costs no access to the disk;
               ///< waits 2 s
};

/// What happens to the database while this lives is there as a whole after commit(), or not at all.
class Transaction {
 public:
  /// Waits for the one place of a writer (BEGIN IMMEDIATE). Errors as of Database::run.
  [[nodiscard]] static hal::Result<Transaction> begin(Database& database, Durability durability);
  /// For several statements that read the same state. Needs no commit.
  [[nodiscard]] static hal::Result<Transaction> begin_to_read(Database& database);
  Transaction(Transaction&& other) noexcept : database_{std::exchange(other.database_, nullptr)} {}
  Transaction& operator=(Transaction&&) = delete;
  /// Takes everything back unless it is committed.
  ~Transaction();
  /// OK: it is as durable as was asked for.
  [[nodiscard]] hal::Result<> commit();

 private:
  explicit Transaction(Database& database) noexcept : database_{&database} {}
  Database* database_;
};

}  // namespace auth
