// SqliteQueue: a JobQueue in a file, for one process. docs/formats/queue-sqlite.md.
//
// All statements run on one connection in one thread, which takes whatever operations are waiting,
// runs them in one transaction, syncs once, and answers them all: the cost of a sync is shared
// (group commit). SQLite before 3.51.3 can damage its write-ahead log when several connections
// write and checkpoint at once; with a single connection that cannot happen.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "queue/job_queue.h"

namespace thumbmill {

class JobTable;

/// Thread-safe. Every lease must be gone before the queue.
class SqliteQueue final : public JobQueue, public LeaseBackend {
 public:
  /// Opens or makes the file and its directory. conflict when another process has it. A damaged
  /// file is set aside and a new one begun, which is logged. On a full disk the queue is in memory
  /// and the file left alone, which is logged, too: without it nobody could make room by deleting
  /// images. unavailable when it cannot be used.
  static Result<std::unique_ptr<SqliteQueue>> open(const std::string& path, Clock& clock,
                                                   Logger& log);
  ~SqliteQueue() override;

  using JobQueue::enqueue;
  Result<bool> enqueue(std::string_view id, std::string_view caller,
                       const OpContext& context) override;
  Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                   std::chrono::milliseconds wait,
                                   const OpContext& context) override;
  Result<std::optional<QueuedJob>> find(std::string_view id, const OpContext& context) override;
  Status forget(std::string_view id, const OpContext& context) override;
  Result<QueueDepth> depth(const OpContext& context) override;
  Status check(const OpContext& context) override;
  QueueTraits traits() const override { return {}; }

  // For its leases.
  Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                const OpContext& context) override;
  Status ack(const LeaseTicket& ticket, const OpContext& context) override;
  Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
               AttemptCost cost, const OpContext& context) override;
  Status hand_back(const LeaseTicket& ticket, const OpContext& context) override;
  Status bury(const LeaseTicket& ticket, Code why, const OpContext& context) override;

 private:
  // An operation in the writer's queue: runs inside the shared transaction.
  struct Operation {
    std::function<Status(JobTable&)> run;
    Status status;
    bool finished = false;
  };

  SqliteQueue(std::string path, UniqueFd lock, std::unique_ptr<JobTable> table, Clock& clock,
              Logger& log);

  /// Has the writer run it and waits until it is committed.
  Status execute(std::function<Status(JobTable&)> run, const OpContext& context);
  void write_loop();
  void run_group(std::deque<std::shared_ptr<Operation>>& group);
  Status run_transaction(std::deque<std::shared_ptr<Operation>>& group);
  /// Begins a new file after the present one was found damaged.
  Status begin_anew();
  void wake_leasers();

  const std::string path_;
  const UniqueFd lock_;
  Clock& clock_;
  Logger& log_;
  std::unique_ptr<JobTable> table_;  // the writer's alone

  std::mutex mutex_;
  std::condition_variable work_;                       // operations_ or closing_ changed
  std::condition_variable committed_;                  // a group was finished
  std::condition_variable ready_;                      // there may be something to lease
  std::deque<std::shared_ptr<Operation>> operations_;  // guarded by mutex_
  std::uint64_t ready_count_ = 0;  // guarded by mutex_; rises with every wake-up
  bool closing_ = false;           // guarded by mutex_
  std::thread writer_;
};

}  // namespace thumbmill
