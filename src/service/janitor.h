// Janitor: what has to be done now and then by one process. Sweep: unfinished uploads that the
// queue does not have are queued again. Expiry: dead letters, results and renditions past their
// time, what unfinished puts have left, used idempotency keys. Which of several processes does it
// is not decided here: see service/queue_exporter.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "queue/job_queue.h"
#include "store/object_store.h"

namespace thumbmill {

struct JanitorOptions {
  std::chrono::milliseconds sweep_interval{60'000};
  std::chrono::milliseconds sweep_age{120'000};  ///< younger uploads are still being queued
  /// The same of the first sweep: 0 where no other process can be queueing uploads.
  std::chrono::milliseconds first_sweep_age{0};
  std::chrono::hours unfinished_age{24};  ///< of temporary files and idempotency keys
  std::chrono::hours dead_letter_age{14 * 24};
  std::chrono::hours result_age{0};  ///< results and renditions; 0: kept for ever
};

/// What one sweep found and did.
struct SweepReport {
  std::uint64_t unfinished = 0;  ///< uploads under uploads/
  std::uint64_t requeued = 0;    ///< of these, queued again
  std::uint64_t unqueued = 0;    ///< of these, not taken by the queue, which is full
  std::uint64_t completed = 0;   ///< of these, had a result already: the original was removed
  std::uint64_t expired = 0;     ///< objects removed for their age
};

struct JanitorParts {
  ObjectStore& store;
  JobQueue& queue;
  Metrics& metrics;
  Logger& log;
  Clock& clock;
  std::function<bool()> leads = {};  ///< whether this process is the one to sweep; unset: it is
};

/// Thread-safe. The parts outlive it.
class Janitor {
 public:
  Janitor(const JanitorOptions& options, const JanitorParts& parts);
  ~Janitor();  ///< as stop()

  /// One pass now, in this thread. Goes on when the queue is full; fails when it is away.
  Result<SweepReport> sweep(const OpContext& context);

  /// How many uploads the latest sweep found that the queue did not take.
  std::uint64_t unqueued() const;

  /// Starts a thread that sweeps while this process leads: at once, with the first sweep's age, so
  /// that what a former life of this process has left is queued again, and then at its interval.
  void start();
  void stop();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace thumbmill
