// A thin wrapper of the SQLite C API: one connection, prepared statements, failures as Status.
// Internal to queue/sqlite.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace thumbmill {

/// The Status for an SQLite result code (https://sqlite.org/rescode.html): SQLITE_FULL is
/// exhausted, SQLITE_CORRUPT and SQLITE_NOTADB are corrupt_input, everything else unavailable.
Status status_from_sqlite(sqlite3* database, int code, std::string_view doing);

/// A prepared statement. One thread at a time; must not outlive its Database.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  /// Positional parameters, from 1. Text is copied.
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t value);

  /// Runs to the next row: true when there is one, false at the end.
  Result<bool> step();

  /// Columns of the present row, from 0.
  std::string text(int column) const;
  std::int64_t integer(int column) const;

  /// Makes it ready to be bound and run again.
  void reset();

 private:
  sqlite3_stmt* statement_;
};

/// One connection. One thread at a time.
class Database {
 public:
  /// In place of a file's path: a database that goes with its connection.
  static constexpr std::string_view kInMemory = ":memory:";

  /// Opens or makes the file.
  static Result<Database> open(const std::string& path);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  /// Runs one or more statements without parameters, throwing rows away.
  Status run(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  /// Rows changed by the latest statement.
  std::int64_t changes() const;
  /// Whether a transaction is open.
  bool in_transaction() const;

 private:
  explicit Database(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

}  // namespace thumbmill
