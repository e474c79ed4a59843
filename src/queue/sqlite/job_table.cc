#include "queue/sqlite/job_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA "
    "cache_size=-4096;";

// States: 0 ready, 1 leased, 2 dead.
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS jobs(
  id TEXT PRIMARY KEY, state INTEGER NOT NULL, due_ms INTEGER NOT NULL, queued_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL, token INTEGER NOT NULL, last_failure TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_due ON jobs(state, due_ms);
CREATE TABLE IF NOT EXISTS counts(state INTEGER PRIMARY KEY, n INTEGER NOT NULL);
INSERT OR IGNORE INTO counts VALUES (0, 0), (1, 0), (2, 0);
CREATE TRIGGER IF NOT EXISTS jobs_insert AFTER INSERT ON jobs BEGIN
  UPDATE counts SET n = n + 1 WHERE state = NEW.state; END;
CREATE TRIGGER IF NOT EXISTS jobs_delete AFTER DELETE ON jobs BEGIN
  UPDATE counts SET n = n - 1 WHERE state = OLD.state; END;
CREATE TRIGGER IF NOT EXISTS jobs_update AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
  UPDATE counts SET n = n - 1 WHERE state = OLD.state;
  UPDATE counts SET n = n + 1 WHERE state = NEW.state; END;
PRAGMA user_version = 1;
)";

constexpr std::int64_t kSchemaVersion = 1;

// Until a leaser looks again, however long the next delay. Centuries would overflow.
constexpr std::chrono::milliseconds kLongestSleep = std::chrono::hours(1);

// Others can write to the file, too. The condition that a row is like ours; `row`: "NEW." or empty.
std::string is_ours(std::string_view row) {
  constexpr std::string_view kNumber =
      " AND typeof({0}{1}) = 'integer' AND {0}{1} BETWEEN 0 AND {2}";
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  std::string condition = fmt::format("(typeof({0}id) = 'text' AND {0}state IN (0, 1, 2)", row);
  condition += fmt::format(kNumber, row, "due_ms", kYear10000);
  condition += fmt::format(kNumber, row, "queued_ms", kYear10000);
  condition += fmt::format(kNumber, row, "attempts", 1'000'000'000);
  condition += fmt::format(kNumber, row, "token", 1'000'000'000'000);
  return condition + ")";
}

// Rows of others are made ready jobs, for the worker to look at, and no more of them come in.
Status admit_only_ours(Database& database, std::int64_t now_ms) {
  ASSIGN_OR_RETURN(Statement make_ready,
                   database.prepare("UPDATE OR REPLACE jobs SET id = CAST(id AS TEXT), state = 0, "
                                    "due_ms = ?1, queued_ms = ?1, attempts = 0, token = 0 "
                                    "WHERE NOT " +
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

Status lease_lost(const std::string& id) {
  return Status(Code::lease_lost, fmt::format("job {} belongs to another worker now", id));
}

}  // namespace

Result<std::unique_ptr<JobTable>> JobTable::open(const std::string& path, const Clock& clock) {
  ASSIGN_OR_RETURN(Database database, Database::open(path));
  RETURN_IF_ERROR(database.run(kPragmas));
  {
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
  }
  RETURN_IF_ERROR(database.run(kSchema));
  // Nobody else uses the file, so that every lease in it is a dead process's.
  RETURN_IF_ERROR(database.run("UPDATE jobs SET state = 0 WHERE state = 1"));
  RETURN_IF_ERROR(admit_only_ours(database, to_unix_ms(clock.wall_now())));
  std::unique_ptr<JobTable> table(new JobTable(std::move(database), clock));
  // Delays end here too: a calendar set back while nobody was looking would stretch them at will.
  ASSIGN_OR_RETURN(Statement * end_delays,
                   table->statement("UPDATE jobs SET due_ms = ?1 WHERE due_ms > ?1"));
  end_delays->bind(1, table->now_ms());
  RETURN_IF_ERROR(end_delays->step().status());
  end_delays->reset();
  return table;
}

Result<Statement*> JobTable::statement(const char* sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    ASSIGN_OR_RETURN(Statement prepared, database_.prepare(sql));
    found = statements_.emplace(sql, std::move(prepared)).first;
  }
  found->second.reset();
  return &found->second;
}

std::int64_t JobTable::now_ms() const {
  return to_unix_ms(opened_wall_) +
         std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - opened_).count();
}

Status JobTable::begin() {
  leases_at_begin_ = leases_;
  return database_.run("BEGIN IMMEDIATE");
}

void JobTable::roll_back() {
  leases_ = leases_at_begin_;
  statements_.clear();  // an unfinished statement would keep the transaction open
  // A failed COMMIT may have rolled back by itself.
  if (database_.in_transaction() && !database_.run("ROLLBACK").ok()) return;
}

Result<bool> JobTable::enqueue(const std::string& id) {
  ASSIGN_OR_RETURN(
      Statement * insert,
      statement("INSERT INTO jobs VALUES (?1, 0, ?2, ?2, 0, 0, 'ok') ON CONFLICT(id) DO UPDATE SET "
                "state = 0, due_ms = ?2, queued_ms = ?2, attempts = 0, last_failure = 'ok' WHERE "
                "state = 2"));
  insert->bind(1, id).bind(2, now_ms());
  RETURN_IF_ERROR(insert->step().status());
  insert->reset();
  return database_.changes() > 0;
}

Status JobTable::release_expired() {
  const SteadyTime now = clock_.now();
  for (auto at = leases_.begin(); at != leases_.end();) {
    if (at->second.ends > now) {
      ++at;
      continue;
    }
    ASSIGN_OR_RETURN(
        Statement * release,
        statement("UPDATE jobs SET state = 0, due_ms = ?2 WHERE id = ?1 AND state = 1"));
    release->bind(1, at->first).bind(2, now_ms());
    RETURN_IF_ERROR(release->step().status());
    at = leases_.erase(at);
  }
  return Status();
}

Result<std::vector<LeaseTicket>> JobTable::lease(std::size_t most, std::chrono::milliseconds ttl) {
  RETURN_IF_ERROR(release_expired());
  ASSIGN_OR_RETURN(
      Statement * claim,
      statement("UPDATE jobs SET state = 1, token = token + 1, attempts = attempts + 1 WHERE id IN "
                "(SELECT id FROM jobs WHERE state = 0 AND due_ms <= ?1 ORDER BY due_ms LIMIT ?2) "
                "RETURNING id, token, attempts, last_failure, due_ms"));
  claim->bind(1, now_ms()).bind(2, static_cast<std::int64_t>(most));
  std::vector<std::pair<std::int64_t, LeaseTicket>> claimed;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, claim->step());
    if (!has_row) break;
    claimed.emplace_back(
        claim->integer(4),
        LeaseTicket{claim->text(0), std::to_string(claim->integer(1)),
                    static_cast<int>(claim->integer(2)),
                    code_from_name(claim->text(3)).value_or(Code::internal), clock_.now()});
  }
  claim->reset();
  std::stable_sort(claimed.begin(), claimed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<LeaseTicket> tickets;
  for (auto& [due_ms, ticket] : claimed) {
    leases_[ticket.id] = {ticket.token, clock_.now() + ttl};
    tickets.push_back(std::move(ticket));
  }
  return tickets;
}

Result<std::optional<QueuedJob>> JobTable::find(const std::string& id) {
  RETURN_IF_ERROR(release_expired());
  ASSIGN_OR_RETURN(Statement * select,
                   statement("SELECT state, due_ms, attempts FROM jobs WHERE id = ?1"));
  select->bind(1, id);
  ASSIGN_OR_RETURN(const bool has_row, select->step());
  if (!has_row) return std::optional<QueuedJob>();
  QueuedJob job;
  job.attempts = static_cast<int>(select->integer(2));
  switch (select->integer(0)) {
    case 0:
      job.state = select->integer(1) <= now_ms() ? QueuedState::ready : QueuedState::delayed;
      break;
    case 1:
      job.state = QueuedState::running;
      break;
    default:
      job.state = QueuedState::dead;
  }
  select->reset();
  return std::optional(job);
}

Status JobTable::forget(const std::string& id) {
  ASSIGN_OR_RETURN(Statement * erase, statement("DELETE FROM jobs WHERE id = ?1"));
  erase->bind(1, id);
  RETURN_IF_ERROR(erase->step().status());
  leases_.erase(id);
  return Status();
}

Result<QueueDepth> JobTable::depth() {
  RETURN_IF_ERROR(release_expired());
  QueueDepth depth;
  ASSIGN_OR_RETURN(Statement * counts, statement("SELECT state, n FROM counts"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, counts->step());
    if (!has_row) break;
    const auto count = static_cast<std::uint64_t>(counts->integer(1));
    (counts->integer(0) == 0   ? depth.ready
     : counts->integer(0) == 1 ? depth.running
                               : depth.dead) = count;
  }
  counts->reset();
  // Delayed jobs are few: failures that wait. The ready ones may be a million and are not counted
  // here.
  ASSIGN_OR_RETURN(Statement * delayed,
                   statement("SELECT COUNT(*) FROM jobs WHERE state = 0 AND due_ms > ?1"));
  delayed->bind(1, now_ms());
  RETURN_IF_ERROR(delayed->step().status());
  depth.delayed = static_cast<std::uint64_t>(delayed->integer(0));
  depth.ready -= std::min(depth.ready, depth.delayed);
  delayed->reset();
  ASSIGN_OR_RETURN(
      Statement * oldest,
      statement(
          "SELECT queued_ms FROM jobs WHERE state = 0 AND due_ms <= ?1 ORDER BY due_ms LIMIT 1"));
  oldest->bind(1, now_ms());
  ASSIGN_OR_RETURN(const bool has_oldest, oldest->step());
  if (has_oldest) {
    depth.oldest_age =
        std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms() - oldest->integer(0)));
  }
  oldest->reset();
  return depth;
}

bool JobTable::is_current(const LeaseTicket& ticket) const {
  const auto lease = leases_.find(ticket.id);
  return lease != leases_.end() && lease->second.token == ticket.token &&
         lease->second.ends > clock_.now();
}

Status JobTable::settle(const LeaseTicket& ticket, Statement& update) {
  if (!is_current(ticket)) return lease_lost(ticket.id);
  RETURN_IF_ERROR(update.step().status());
  update.reset();
  if (database_.changes() == 0) return lease_lost(ticket.id);
  leases_.erase(ticket.id);
  return Status();
}

Status JobTable::extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl) {
  if (!is_current(ticket)) return lease_lost(ticket.id);
  leases_[ticket.id].ends = clock_.now() + ttl;
  return Status();
}

Status JobTable::ack(const LeaseTicket& ticket) {
  ASSIGN_OR_RETURN(Statement * erase,
                   statement("DELETE FROM jobs WHERE id = ?1 AND token = ?2 AND state = 1"));
  erase->bind(1, ticket.id).bind(2, ticket.token);
  return settle(ticket, *erase);
}

Status JobTable::make_ready(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
                            AttemptCost cost) {
  ASSIGN_OR_RETURN(
      Statement * update,
      statement(
          "UPDATE jobs SET state = 0, due_ms = ?3, attempts = attempts - ?4, last_failure = ?5 "
          "WHERE id = ?1 AND token = ?2 AND state = 1"));
  update->bind(1, ticket.id)
      .bind(2, ticket.token)
      .bind(3, now_ms() + delay.count())
      .bind(4, std::int64_t{cost == AttemptCost::free ? 1 : 0})
      .bind(5, code_name(why));
  return settle(ticket, *update);
}

Status JobTable::hand_back(const LeaseTicket& ticket) {
  ASSIGN_OR_RETURN(Statement * update,
                   statement("UPDATE jobs SET state = 0, attempts = attempts - 1 "
                             "WHERE id = ?1 AND token = ?2 AND state = 1"));
  update->bind(1, ticket.id).bind(2, ticket.token);
  return settle(ticket, *update);
}

Status JobTable::bury(const LeaseTicket& ticket, Code why) {
  ASSIGN_OR_RETURN(Statement * update, statement("UPDATE jobs SET state = 2, last_failure = ?3 "
                                                 "WHERE id = ?1 AND token = ?2 AND state = 1"));
  update->bind(1, ticket.id).bind(2, ticket.token).bind(3, code_name(why));
  return settle(ticket, *update);
}

Result<SteadyTime> JobTable::next_event() {
  SteadyTime next = SteadyTime::max();
  for (const auto& [id, lease] : leases_) next = std::min(next, lease.ends);
  ASSIGN_OR_RETURN(
      Statement * select,
      statement("SELECT due_ms FROM jobs WHERE state = 0 AND due_ms > ?1 ORDER BY due_ms LIMIT 1"));
  select->bind(1, now_ms());
  ASSIGN_OR_RETURN(const bool has_row, select->step());
  if (has_row) {
    const std::chrono::milliseconds delay(select->integer(0) - now_ms());
    next = std::min(next, clock_.now() + std::min(delay, kLongestSleep));
  }
  select->reset();
  return next;
}

}  // namespace thumbmill
