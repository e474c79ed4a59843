// Workload: how many jobs come in and end, what a try costs, and so how many workers it takes; from
// the Notifier's events. It sees what this process is told of: of all workers where the notifier
// spans processes.
//
// It reckons in tries, because a worker is kept by each, and a job that is put off will need
// another: such a job comes in again with each try that did not end it. Most jobs take one try.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "notify/notifier.h"
#include "queue/job_queue.h"

namespace thumbmill {

/// Thread-safe. Constant memory. The notifier and the clock outlive it.
class Workload {
 public:
  /// `drain_target`: in what time workers_desired() would work a backlog off; positive.
  Workload(Notifier& notifier, const Clock& clock, std::chrono::milliseconds drain_target);

  /// Jobs a second that came in over the last kArrivalWindow, or since the start when that is
  /// shorter.
  double arrivals_per_second() const;

  /// Jobs a second that ended over the last kWindow, or since the start when that is shorter;
  /// nothing when none has.
  std::optional<double> ended_per_second() const;

  /// How many worker processes keep up with what comes in, at four fifths of what they can do, and
  /// work off the backlog in the drain target: arrivals / (0.8 mu) + backlog / (mu * target), where
  /// arrivals are those of jobs and of tries put off, and mu is how many tries a second one worker
  /// got through of late, those that were put off too. Not rounded. Before any try is over it takes
  /// one worker to find out.
  double workers_desired(const QueueDepth& depth) const;

  /// That formula: `worker_seconds` of one worker for a try, 1/mu.
  static double workers_for(double arrivals_per_second, double backlog, double worker_seconds,
                            double drain_seconds);

  static constexpr std::chrono::seconds kWindow{300};
  static constexpr std::chrono::seconds kArrivalWindow{60};

 private:
  static constexpr std::chrono::seconds kSlot{10};
  static constexpr std::size_t kSlots = kWindow / kSlot;

  struct Slot {
    std::int64_t number = -1;  // since the start; tells a slot of an earlier round
    std::uint64_t arrived = 0;
    std::uint64_t put_off = 0;  // tries that kept a worker and did not end their job
    std::uint64_t ended = 0;
  };

  void on_event(const JobEvent& event);
  std::int64_t slot_number() const;
  double rate(std::uint64_t Slot::*count, std::chrono::seconds window) const;  // under mutex_
  double arrivals_locked() const { return rate(&Slot::arrived, kArrivalWindow); }

  const Clock& clock_;
  const SteadyTime started_;
  const double drain_target_seconds_;

  mutable std::mutex mutex_;
  std::array<Slot, kSlots> slots_;              // guarded by mutex_
  double worker_seconds_ = 0;                   // of a try, on average; guarded by mutex_
  std::uint64_t averaged_ = 0;                  // tries in that average; guarded by mutex_
  std::unique_ptr<Subscription> subscription_;  // last: ends before what its listener uses
};

}  // namespace thumbmill
