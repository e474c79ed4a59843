// LeaseKeeper: renews the leases that a worker holds, on a thread of its own so that no decode can
// delay it, and says when one may no longer be relied on. HeldLease is the fence: every step that
// others can see asks it first.
//
// Time is the monotonic clock's. A lease counts as lost a while (`patience`) after its last
// confirmed renewal, well before the queue gives it to someone else (`ttl`): two workers never
// both believe that they hold it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "queue/lease.h"

namespace thumbmill {

struct LeaseTimes {
  std::chrono::milliseconds ttl;       ///< asked of the queue at each renewal
  std::chrono::milliseconds renewal;   ///< how often it is renewed
  std::chrono::milliseconds patience;  ///< without a renewal it counts as lost; below `ttl`
};

/// A lease being kept. Thread-safe, but for lease(), which is for the thread that works on the job.
class HeldLease {
 public:
  HeldLease(Lease lease, const LeaseTimes& times, const Clock& clock);

  const std::string& id() const { return lease_.id(); }
  Lease& lease() { return lease_; }

  /// ok while the job is ours for certain; lease_lost from then on.
  Status live() const;

  /// Until when it is ours unless it is renewed meanwhile.
  SteadyTime valid_until() const;

  /// For work on the job that can be interrupted: stopped when the lease is lost and by cancel().
  OpContext interruptible() const;

  /// For steps that others can see: runs until the lease would be lost. lease_lost.
  Result<OpContext> fenced() const;

  /// Interrupts the work; the lease stays.
  void cancel() { stop_.request_stop(); }
  bool cancelled() const { return stop_.stop_requested(); }

 private:
  friend class LeaseKeeper;
  bool lost() const;
  void confirm(SteadyTime at);
  void lose();

  Lease lease_;
  const LeaseTimes times_;
  const Clock& clock_;
  std::stop_source stop_;

  mutable std::mutex mutex_;
  SteadyTime confirmed_;  // when it was last renewed for certain; guarded by mutex_
  bool lost_ = false;     // guarded by mutex_
};

/// Thread-safe. The clock and the logger outlive it.
class LeaseKeeper {
 public:
  LeaseKeeper(const LeaseTimes& times, Clock& clock, Logger& log);
  ~LeaseKeeper();

  /// Keeps the lease until it is settled, lost, or the returned object is dropped. Shared by the
  /// worker's thread and, while it is being renewed, the keeper's.
  std::shared_ptr<HeldLease> hold(Lease lease);

 private:
  struct Kept {
    std::weak_ptr<HeldLease> lease;
    SteadyTime next_renewal;
  };

  void run();
  SteadyTime next_wake() const;
  void renew_due(std::unique_lock<std::mutex>& lock);
  SteadyTime renew(HeldLease& held, SteadyTime deadline);

  const LeaseTimes times_;
  Clock& clock_;
  Logger& log_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Kept> kept_;  // guarded by mutex_
  bool wake_ = false;       // guarded by mutex_
  bool stop_ = false;       // guarded by mutex_
  std::thread thread_;
};

}  // namespace thumbmill
