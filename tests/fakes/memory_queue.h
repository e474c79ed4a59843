// A JobQueue in memory, which can be told to fail and to lose everything.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "queue/job_queue.h"

namespace thumbmill {

/// Thread-safe. Jobs live as long as the queue.
class MemoryQueue final : public JobQueue, private LeaseBackend {
 public:
  explicit MemoryQueue(Clock& clock) : clock_(clock) {}

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
  QueueTraits traits() const override { return {.survives_restart = false}; }

  /// Makes every call, of leases too, fail with `status` until it is given an ok one.
  void fail_all(Status status);

  /// Makes every enqueue() fail with `status`, as a full queue does, until it is given an ok one.
  void fail_enqueues(Status status);

  /// Loses the answers to the next `count` acks and buries: they are done, and fail as unavailable.
  void lose_answers(int count);

  /// Makes every renewal of a lease fail with `status` until it is given an ok one.
  void fail_extends(Status status);

  /// Gives a leased job to another worker, as if its lease had run out.
  Lease steal(const std::string& id, std::chrono::milliseconds ttl);

  /// Loses every job; all leases are lost.
  void wipe();

  /// How many leases have been given out, and how many renewals have succeeded.
  std::size_t leases() const;
  std::size_t extends() const;

  /// Blocks until extends() is at least `count`.
  void await_extends(std::size_t count);

 private:
  struct Entry {
    enum class State { ready, leased, dead } state = State::ready;
    SteadyTime due;     // of a ready job: from when it may be leased; of a leased one: until when
    SteadyTime queued;  // when it was first enqueued
    std::string caller;
    std::uint64_t round = 0;  // in which it is delivered
    int attempts = 0;
    std::string token;
    Code last_failure = Code::ok;
  };

  Status extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                const OpContext& context) override;
  Status ack(const LeaseTicket& ticket, const OpContext& context) override;
  Status retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
               AttemptCost cost, const OpContext& context) override;
  Status hand_back(const LeaseTicket& ticket, const OpContext& context) override;
  Status bury(const LeaseTicket& ticket, Code why, const OpContext& context) override;

  Status begin(const OpContext& context) const;
  Lease give(const std::string& id, Entry& entry, std::chrono::milliseconds ttl);
  Status answer();
  Result<Entry*> current(const LeaseTicket& ticket, const OpContext& context);
  std::map<std::string, Entry, std::less<>>::iterator next_ready();
  std::uint64_t present_round();
  std::uint64_t next_round(const std::string& caller);
  SteadyTime next_change() const;

  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry, std::less<>> jobs_;  // guarded by mutex_
  std::map<std::string, std::uint64_t> rounds_;     // each caller's last; guarded by mutex_
  Status failing_;                                  // guarded by mutex_
  Status failing_enqueues_;                         // guarded by mutex_
  int answers_to_lose_ = 0;                         // guarded by mutex_
  Status failing_extends_;                          // guarded by mutex_
  std::size_t leases_ = 0;                          // guarded by mutex_
  std::size_t extends_ = 0;                         // guarded by mutex_
};

}  // namespace thumbmill
