// JobQueue: delivers the ids of jobs to workers, at least once each. Only transport: losing all of
// it loses no job, because the sweep fills it again from the ObjectStore.
//
// Queues are open to others: a lease may be of any text that somebody has put there as an id, of
// any size. Whoever works on it parses it (JobId) and acks what is not ours. What could not be
// a lease at all, an adapter leaves alone or drops; it never fails for it.
//
// Adapters: queue/sqlite, queue/redis, queue/kafka; all of them and the fake run
// tests/conformance/job_queue_suite.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/op_context.h"
#include "base/status.h"
#include "queue/job_source.h"

namespace thumbmill {

/// How many jobs are in which state.
struct QueueDepth {
  std::uint64_t ready = 0;    ///< waiting for a worker, delayed ones that are due included
  std::uint64_t running = 0;  ///< under a lease
  std::uint64_t delayed = 0;  ///< waiting for their delay to pass
  std::uint64_t dead = 0;     ///< dead letters
  /// Accepted uploads whose jobs the queue has not taken; of a JobQueue itself always 0.
  std::uint64_t unqueued = 0;
  std::optional<std::chrono::milliseconds> oldest_age;  ///< of the oldest ready job, since it was
                                                        ///< first enqueued

  /// What works still to be done: the figure to scale workers on.
  std::uint64_t backlog() const { return ready + running + unqueued; }
};

enum class QueuedState { ready, running, delayed, dead };

/// What a job in the queue is doing.
struct QueuedJob {
  QueuedState state = QueuedState::ready;
  int attempts = 0;  ///< counted tries so far, a running one included
};

/// What a backend can do by itself; where it cannot, the adapter emulates it at the stated cost.
struct QueueTraits {
  bool find = true;         ///< find() knows every job; otherwise it returns nothing for most
  bool unique = true;       ///< enqueue() leaves a job that is there alone; otherwise the job is
                            ///< delivered twice, and enqueue() always says that it changed
  bool forget = true;       ///< forget() takes jobs off; otherwise they are delivered still
  bool exact_depth = true;  ///< depth() is a count, not an estimate
  bool fair = true;  ///< callers take turns; otherwise jobs are delivered as they were enqueued,
                     ///< whoever they are of
  bool survives_restart = true;  ///< enqueued jobs are still there after a restart
};

/// Thread-safe. Every call may return what those of a JobSource may.
///
/// Fair queueing: ready jobs are delivered in rounds, each of which has one job of each caller, the
/// oldest. So a caller's jobs wait for their own and for as many of each other caller's, however
/// many those have. (Start-time fair queueing with jobs of one weight: Goyal, Vin and Cheng,
/// SIGCOMM 1996.) A job that comes back to the queue after a delay is its caller's last; one whose
/// lease ran out, or that was handed back, keeps its place.
class JobQueue : public JobSource {
 public:
  /// Makes job `id` of `caller` (any text, short) ready. Durable on return. A job that is ready,
  /// running or delayed already is left as it is; a dead letter becomes ready again with its
  /// attempts forgotten. Returns whether anything changed. exhausted: disk full.
  virtual Result<bool> enqueue(std::string_view id, std::string_view caller,
                               const OpContext& context) = 0;

  /// The same for jobs of nobody in particular, who are one caller together.
  Result<bool> enqueue(std::string_view id, const OpContext& context) {
    return enqueue(id, {}, context);
  }

  /// The job's state, or nothing when the queue does not have it.
  virtual Result<std::optional<QueuedJob>> find(std::string_view id, const OpContext& context) = 0;

  /// Takes the job off the queue whatever its state; a lease on it is lost. Absent is ok.
  virtual Status forget(std::string_view id, const OpContext& context) = 0;

  /// Counts by state. Cheap enough to ask every second, however long the backlog.
  virtual Result<QueueDepth> depth(const OpContext& context) = 0;

  virtual QueueTraits traits() const = 0;
};

}  // namespace thumbmill
