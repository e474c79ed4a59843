#include "queue/sqlite/job_file.h"

#include <string_view>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA "
    "cache_size=-4096;";

// States: 0 ready, 1 leased, 2 dead, 3 delayed. The indexes are of few states, so that a job that
// is leased and acknowledged changes each once.
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS jobs(
  id TEXT PRIMARY KEY, state INTEGER NOT NULL, due_ms INTEGER NOT NULL, queued_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL, token INTEGER NOT NULL, last_failure TEXT NOT NULL,
  caller TEXT NOT NULL DEFAULT '', round INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_round ON jobs(round) WHERE state = 0;
CREATE INDEX IF NOT EXISTS jobs_by_delay ON jobs(due_ms) WHERE state = 3;
CREATE TABLE IF NOT EXISTS callers(caller TEXT PRIMARY KEY, round INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS callers_by_round ON callers(round);
CREATE TABLE IF NOT EXISTS counts(state INTEGER PRIMARY KEY, n INTEGER NOT NULL);
INSERT OR IGNORE INTO counts VALUES (0, 0), (1, 0), (2, 0), (3, 0);
CREATE TRIGGER IF NOT EXISTS jobs_insert AFTER INSERT ON jobs BEGIN
  UPDATE counts SET n = n + 1 WHERE state = NEW.state; END;
CREATE TRIGGER IF NOT EXISTS jobs_delete AFTER DELETE ON jobs BEGIN
  UPDATE counts SET n = n - 1 WHERE state = OLD.state; END;
CREATE TRIGGER IF NOT EXISTS jobs_update AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
  UPDATE counts SET n = n - 1 WHERE state = OLD.state;
  UPDATE counts SET n = n + 1 WHERE state = NEW.state; END;
PRAGMA user_version = 2;
)";

constexpr std::int64_t kSchemaVersion = 2;

// Version 1 had no callers: its jobs are all of one, in the order of their ids, which is that of
// time. Its delayed jobs were ready ones that were not due.
constexpr const char* kFromVersion1 = R"(
BEGIN IMMEDIATE;
ALTER TABLE jobs ADD COLUMN caller TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_by_due;
DROP TRIGGER IF EXISTS jobs_of_others;
PRAGMA user_version = 2;
COMMIT;
)";

// Others can write to the file, too. The condition that a row is like ours; `row`: "NEW." or empty.
std::string is_ours(std::string_view row) {
  constexpr std::string_view kNumber =
      " AND typeof({0}{1}) = 'integer' AND {0}{1} BETWEEN 0 AND {2}";
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  std::string condition = fmt::format(
      "(typeof({0}id) = 'text' AND typeof({0}caller) = 'text' AND {0}state IN (0, 1, 2, 3)", row);
  condition += fmt::format(kNumber, row, "due_ms", kYear10000);
  condition += fmt::format(kNumber, row, "queued_ms", kYear10000);
  condition += fmt::format(kNumber, row, "attempts", 1'000'000'000);
  condition += fmt::format(kNumber, row, "token", 1'000'000'000'000);
  condition += fmt::format(kNumber, row, "round", kMostRounds);
  return condition + ")";
}

// Rows of others are made ready jobs, for the worker to look at, and no more of them come in.
Status admit_only_ours(Database& database, std::int64_t now_ms) {
  ASSIGN_OR_RETURN(Statement make_ready,
                   database.prepare("UPDATE OR REPLACE jobs SET id = CAST(id AS TEXT), state = 0, "
                                    "due_ms = 0, queued_ms = ?1, attempts = 0, token = 0, "
                                    "caller = '', round = 0 WHERE NOT " +
                                    is_ours("")));
  make_ready.bind(1, now_ms);
  RETURN_IF_ERROR(make_ready.step().status());
  if (database.changes() > 0) {
    RETURN_IF_ERROR(
        database.run("UPDATE counts SET n = (SELECT COUNT(*) FROM jobs WHERE "
                     "jobs.state = counts.state)"));
  }
  return database.run(
      ("CREATE TRIGGER IF NOT EXISTS jobs_of_others BEFORE INSERT ON jobs WHEN NOT " +
       is_ours("NEW.") + " BEGIN SELECT RAISE(ABORT, 'no job'); END")
          .c_str());
}

// The format of a file that is whole. 0: a new one.
Result<std::int64_t> checked_format(Database& database, const std::string& path) {
  ASSIGN_OR_RETURN(Statement quick_check, database.prepare("PRAGMA quick_check(1)"));
  ASSIGN_OR_RETURN(const bool has_row, quick_check.step());
  if (!has_row || quick_check.text(0) != "ok") {
    return Status(Code::corrupt_input, "the queue's file " + path + " is damaged",
                  quick_check.text(0));
  }
  ASSIGN_OR_RETURN(Statement version, database.prepare("PRAGMA user_version"));
  RETURN_IF_ERROR(version.step().status());
  if (version.integer(0) > kSchemaVersion) {
    return Status(Code::unsupported,
                  fmt::format("the queue's file {} is of format {}; this program knows {}", path,
                              version.integer(0), kSchemaVersion));
  }
  return version.integer(0);
}

}  // namespace

Result<Database> open_job_file(const std::string& path, std::int64_t now_ms) {
  ASSIGN_OR_RETURN(Database database, Database::open(path));
  RETURN_IF_ERROR(database.run(kPragmas));
  ASSIGN_OR_RETURN(const std::int64_t format, checked_format(database, path));
  if (format == 1) RETURN_IF_ERROR(database.run(kFromVersion1));
  RETURN_IF_ERROR(database.run(kSchema));
  RETURN_IF_ERROR(admit_only_ours(database, now_ms));
  // Nobody else uses the file, so that every lease in it is a dead process's.
  RETURN_IF_ERROR(database.run(
      "UPDATE jobs SET state = 0, round = (SELECT IFNULL(MIN(round), 0) FROM jobs WHERE "
      "state = 0) WHERE state = 1"));
  // Delays end here too: a calendar set back while nobody was looking would stretch them at will.
  RETURN_IF_ERROR(database.run("UPDATE jobs SET due_ms = 0 WHERE state = 3"));
  return database;
}

}  // namespace thumbmill
