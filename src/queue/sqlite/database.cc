#include "queue/sqlite/database.h"

#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "base/unique_fd.h"

namespace thumbmill {

Status status_from_sqlite(sqlite3* database, int code, std::string_view doing) {
  const std::string detail =
      fmt::format("SQLite {}: {}", sqlite3_errstr(code), sqlite3_errmsg(database));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Status(Code::exhausted, fmt::format("{}: the disk is full", doing), detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Status(Code::corrupt_input, fmt::format("{}: the queue's file is damaged", doing),
                    detail);
    default:
      return Status(Code::unavailable, std::string(doing), detail);
  }
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::string_view text) {
  if (text.data() == nullptr) text = "";  // which is not NULL
  THUMBMILL_CHECK(sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()),
                                    SQLITE_TRANSIENT) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) {
  THUMBMILL_CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return status_from_sqlite(sqlite3_db_handle(statement_), code, "using the queue");
}

std::string Statement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(statement_, column);
  return bytes == nullptr ? std::string()
                          : std::string(bytes, bytes + sqlite3_column_bytes(statement_, column));
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<Database> Database::open(const std::string& path) {
  // For this user only; SQLite gives its other files the same rights. A file that is there must not
  // be opened: closing it would end the locks of all connections of this process (fcntl(2)).
  UniqueFd made;
  if (path != kInMemory) {
    made = UniqueFd(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  }
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return status_from_sqlite(handle, code, "opening the queue in " + path);
  sqlite3_extended_result_codes(handle, 1);
  return database;
}

Database::Database(Database&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(database_, other.database_);
  return *this;
}

Database::~Database() { sqlite3_close_v2(database_); }

Status Database::run(const char* sql) {
  const int code = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : status_from_sqlite(database_, code, "using the queue");
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return status_from_sqlite(database_, code, "using the queue");
  return Statement(statement);
}

std::int64_t Database::changes() const { return sqlite3_changes64(database_); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

}  // namespace thumbmill
