// JobTable: the queue's rows and the rules of their changes, on one connection, without threads or
// transactions of its own. Internal to queue/sqlite.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "queue/job_queue.h"
#include "queue/sqlite/database.h"

namespace thumbmill {

/// One thread at a time.
class JobTable {
 public:
  /// Opens the file, checks it, makes the tables, and releases what a former process had leased.
  /// corrupt_input when the file is damaged.
  static Result<std::unique_ptr<JobTable>> open(const std::string& path, const Clock& clock);

  Result<bool> enqueue(const std::string& id, std::string_view caller);
  Result<std::vector<LeaseTicket>> lease(std::size_t most, std::chrono::milliseconds ttl);
  Result<std::optional<QueuedJob>> find(const std::string& id);
  Status forget(const std::string& id);
  Result<QueueDepth> depth();

  Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl);
  Status ack(const LeaseTicket& ticket);
  Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
               AttemptCost cost);
  Status hand_back(const LeaseTicket& ticket);
  Status bury(const LeaseTicket& ticket, Code why);

  /// When the next delayed job falls due or the next lease runs out; max() when there is neither.
  Result<SteadyTime> next_event();

  Status begin();
  Status commit() { return database_.run("COMMIT"); }
  /// Undoes the rows and the leases of a transaction that did not commit.
  void roll_back();

 private:
  struct ActiveLease {
    std::string token;
    SteadyTime ends;
  };

  JobTable(Database database, const Clock& clock)
      : database_(std::move(database)),
        clock_(clock),
        opened_(clock.now()),
        opened_wall_(clock.wall_now()) {}

  Result<Statement*> statement(const char* sql);
  /// Makes ready what has become so by itself: jobs whose lease has ended, and delayed ones that
  /// are due.
  Status release();
  Status release_expired();
  Status release_due();
  /// The round that is being delivered: that of a job that keeps its place.
  Result<std::int64_t> present_round();
  /// The round of a job of `caller` that becomes ready now: after its last, if it has jobs ready.
  Result<std::int64_t> next_round(std::string_view caller);
  /// Runs an update of one leased row; lease_lost when the ticket is not the current lease.
  Status settle(const LeaseTicket& ticket, Statement& update);
  bool is_current(const LeaseTicket& ticket) const;
  /// Calendar time that no administrator sets: as it was when the file was opened, and gone on
  /// since by the monotonic clock.
  std::int64_t now_ms() const;

  Database database_;
  const Clock& clock_;
  const SteadyTime opened_;
  const WallTime opened_wall_;
  std::map<const char*, Statement> statements_;
  std::map<std::string, ActiveLease> leases_;  // by id; when they end is known here only
  std::map<std::string, ActiveLease> leases_at_begin_;
};

}  // namespace thumbmill
