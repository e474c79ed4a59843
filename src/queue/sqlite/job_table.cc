#include "queue/sqlite/job_table.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "queue/sqlite/job_file.h"

namespace thumbmill {
namespace {

// Until a leaser looks again, however long the next delay. Centuries would overflow.
constexpr std::chrono::milliseconds kLongestSleep = std::chrono::hours(1);

Status lease_lost(const std::string& id) {
  return Status(Code::lease_lost, fmt::format("job {} belongs to another worker now", id));
}

}  // namespace

Result<std::unique_ptr<JobTable>> JobTable::open(const std::string& path, const Clock& clock) {
  ASSIGN_OR_RETURN(Database database, open_job_file(path, to_unix_ms(clock.wall_now())));
  return std::unique_ptr<JobTable>(new JobTable(std::move(database), clock));
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

// Callers whose last round is over need not be remembered: so `callers` has a row for each one with
// jobs ready and hardly more.
Result<std::int64_t> JobTable::present_round() {
  ASSIGN_OR_RETURN(Statement * first,
                   statement("SELECT round FROM jobs WHERE state = 0 ORDER BY round LIMIT 1"));
  ASSIGN_OR_RETURN(const bool any_ready, first->step());
  const std::int64_t present = any_ready ? first->integer(0) : 0;
  first->reset();
  ASSIGN_OR_RETURN(Statement * forget, any_ready ? statement("DELETE FROM callers WHERE round < ?1")
                                                 : statement("DELETE FROM callers"));
  if (any_ready) forget->bind(1, present);
  RETURN_IF_ERROR(forget->step().status());
  forget->reset();
  return present;
}

Result<std::int64_t> JobTable::next_round(std::string_view caller) {
  ASSIGN_OR_RETURN(const std::int64_t present, present_round());
  ASSIGN_OR_RETURN(Statement * take,
                   statement("INSERT INTO callers VALUES (?1, ?2) ON CONFLICT(caller) DO UPDATE "
                             "SET round = MIN(MAX(CAST(round AS INTEGER), ?2) + 1, ?3) "
                             "RETURNING round"));
  take->bind(1, caller).bind(2, present).bind(3, kMostRounds);
  RETURN_IF_ERROR(take->step().status());
  const std::int64_t round = take->integer(0);
  take->reset();
  return round;
}

Result<bool> JobTable::enqueue(const std::string& id, std::string_view caller) {
  ASSIGN_OR_RETURN(Statement * select, statement("SELECT state FROM jobs WHERE id = ?1"));
  select->bind(1, id);
  ASSIGN_OR_RETURN(const bool has_row, select->step());
  const bool is_there = has_row && select->integer(0) != 2;
  select->reset();
  if (is_there) return false;
  ASSIGN_OR_RETURN(const std::int64_t round, next_round(caller));
  ASSIGN_OR_RETURN(Statement * insert,
                   statement("INSERT INTO jobs VALUES (?1, 0, 0, ?2, 0, 0, 'ok', ?3, ?4) "
                             "ON CONFLICT(id) DO UPDATE SET state = 0, queued_ms = ?2, attempts = "
                             "0, last_failure = 'ok', caller = ?3, round = ?4"));
  insert->bind(1, id).bind(2, now_ms()).bind(3, caller).bind(4, round);
  RETURN_IF_ERROR(insert->step().status());
  insert->reset();
  return true;
}

Status JobTable::release_due() {
  while (true) {
    ASSIGN_OR_RETURN(Statement * select,
                     statement("SELECT caller FROM jobs WHERE state = 3 AND due_ms <= ?1 "
                               "ORDER BY due_ms, id LIMIT 1"));
    select->bind(1, now_ms());
    ASSIGN_OR_RETURN(const bool has_row, select->step());
    if (!has_row) return Status();
    const std::string caller = select->text(0);
    select->reset();
    ASSIGN_OR_RETURN(const std::int64_t round, next_round(caller));
    ASSIGN_OR_RETURN(Statement * release,
                     statement("UPDATE jobs SET state = 0, round = ?2 WHERE id = (SELECT id FROM "
                               "jobs WHERE state = 3 AND due_ms <= ?1 ORDER BY due_ms, id LIMIT "
                               "1)"));
    release->bind(1, now_ms()).bind(2, round);
    RETURN_IF_ERROR(release->step().status());
    release->reset();
  }
}

Status JobTable::release_expired() {
  const SteadyTime now = clock_.now();
  for (auto at = leases_.begin(); at != leases_.end();) {
    if (at->second.ends > now) {
      ++at;
      continue;
    }
    ASSIGN_OR_RETURN(const std::int64_t round, present_round());
    ASSIGN_OR_RETURN(
        Statement * release,
        statement("UPDATE jobs SET state = 0, round = ?2 WHERE id = ?1 AND state = 1"));
    release->bind(1, at->first).bind(2, round);
    RETURN_IF_ERROR(release->step().status());
    at = leases_.erase(at);
  }
  return Status();
}

Status JobTable::release() {
  RETURN_IF_ERROR(release_expired());
  return release_due();
}

Result<std::vector<LeaseTicket>> JobTable::lease(std::size_t most, std::chrono::milliseconds ttl) {
  RETURN_IF_ERROR(release());
  ASSIGN_OR_RETURN(
      Statement * claim,
      statement("UPDATE jobs SET state = 1, token = token + 1, attempts = attempts + 1 WHERE id IN "
                "(SELECT id FROM jobs WHERE state = 0 ORDER BY round, id LIMIT ?1) "
                "RETURNING id, token, attempts, last_failure, round"));
  claim->bind(1, static_cast<std::int64_t>(most));
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
  std::sort(claimed.begin(), claimed.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.id) < std::tie(b.first, b.second.id);
  });
  std::vector<LeaseTicket> tickets;
  for (auto& [round, ticket] : claimed) {
    leases_[ticket.id] = {ticket.token, clock_.now() + ttl};
    tickets.push_back(std::move(ticket));
  }
  return tickets;
}

Result<std::optional<QueuedJob>> JobTable::find(const std::string& id) {
  RETURN_IF_ERROR(release());
  ASSIGN_OR_RETURN(Statement * select, statement("SELECT state, attempts FROM jobs WHERE id = ?1"));
  select->bind(1, id);
  ASSIGN_OR_RETURN(const bool has_row, select->step());
  if (!has_row) return std::optional<QueuedJob>();
  QueuedJob job;
  job.attempts = static_cast<int>(select->integer(1));
  switch (select->integer(0)) {
    case 0:
      job.state = QueuedState::ready;
      break;
    case 1:
      job.state = QueuedState::running;
      break;
    case 3:
      job.state = QueuedState::delayed;
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
  RETURN_IF_ERROR(release());
  QueueDepth depth;
  const std::array<std::uint64_t*, 4> by_state{&depth.ready, &depth.running, &depth.dead,
                                               &depth.delayed};
  ASSIGN_OR_RETURN(Statement * counts, statement("SELECT state, n FROM counts"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, counts->step());
    if (!has_row) break;
    const auto state = static_cast<std::size_t>(counts->integer(0));
    if (state < by_state.size()) *by_state[state] = static_cast<std::uint64_t>(counts->integer(1));
  }
  counts->reset();
  // The oldest is some caller's first, and so among the first of all, bar a crowd of callers.
  ASSIGN_OR_RETURN(Statement * oldest,
                   statement("SELECT MIN(queued_ms) FROM (SELECT queued_ms FROM jobs WHERE state = "
                             "0 ORDER BY round, id LIMIT 100)"));
  RETURN_IF_ERROR(oldest->step().status());
  if (depth.ready > 0) {
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

// Also without a delay: release_due() knows the caller and its turn.
Status JobTable::retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
                       AttemptCost cost) {
  ASSIGN_OR_RETURN(
      Statement * update,
      statement(
          "UPDATE jobs SET state = 3, due_ms = ?3, attempts = attempts - ?4, last_failure = ?5 "
          "WHERE id = ?1 AND token = ?2 AND state = 1"));
  update->bind(1, ticket.id)
      .bind(2, ticket.token)
      .bind(3, now_ms() + delay.count())
      .bind(4, std::int64_t{cost == AttemptCost::free ? 1 : 0})
      .bind(5, code_name(why));
  return settle(ticket, *update);
}

Status JobTable::hand_back(const LeaseTicket& ticket) {
  ASSIGN_OR_RETURN(const std::int64_t round, present_round());
  ASSIGN_OR_RETURN(Statement * update,
                   statement("UPDATE jobs SET state = 0, attempts = attempts - 1, round = ?3 "
                             "WHERE id = ?1 AND token = ?2 AND state = 1"));
  update->bind(1, ticket.id).bind(2, ticket.token).bind(3, round);
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
  ASSIGN_OR_RETURN(Statement * select,
                   statement("SELECT due_ms FROM jobs WHERE state = 3 ORDER BY due_ms LIMIT 1"));
  ASSIGN_OR_RETURN(const bool has_row, select->step());
  if (has_row) {
    const std::chrono::milliseconds delay(select->integer(0) - now_ms());
    next = std::min(next, clock_.now() + std::min(delay, kLongestSleep));
  }
  select->reset();
  return next;
}

}  // namespace thumbmill
