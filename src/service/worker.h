// Worker: leases jobs, has their renditions made, stores them and the result, and settles the
// lease; the order of the steps is the delivery guarantee (docs/delivery.md). W threads, each one
// job at a time, each fetching its next original while the present one is being decoded.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/status.h"
#include "image/thumbnailer.h"
#include "metrics/metrics.h"
#include "model/format_set.h"
#include "model/limits.h"
#include "model/rendition.h"
#include "notify/notifier.h"
#include "queue/task_source.h"
#include "store/object_store.h"

namespace thumbmill {

/// Jobs in a worker's hands for each one that is being decoded: S3 takes some 100 ms for all that a
/// job stores.
inline constexpr std::size_t kWorkersPerDecoder = 5;

struct WorkerOptions {
  std::size_t threads = 2;  ///< jobs decoded at once; others are fetched and stored meanwhile
  std::chrono::milliseconds lease_ttl{30'000};
  std::chrono::milliseconds lease_renewal{10'000};   ///< how often a lease is renewed
  std::chrono::milliseconds lease_patience{20'000};  ///< without a renewal, the work is dropped
  Backoff backoff;
  int max_attempts = 5;         ///< of a job that fails for no reason we know
  int max_decoder_crashes = 2;  ///< of one image, time-outs included (failure_policy.h)
  std::chrono::hours give_up_after{
      24};  ///< a job older than this fails when infrastructure fails it
  ImageLimits limits;
  FormatSet formats;                           ///< that are decoded
  std::vector<RenditionSpec> task_renditions;  ///< that a TaskSource's tasks are given
};

/// The steps after which a process may be killed in a test; the argument of `at_step`.
enum class WorkerStep {
  leased,
  fetched,
  decoded,
  thumbs_stored,
  result_stored,
  original_removed,
  settled
};

struct WorkerParts {
  ObjectStore& store;
  JobSource& queue;
  Thumbnailer& thumbnailer;
  Notifier& notifier;
  Metrics& metrics;
  Logger& log;
  Clock& clock;
  Random& random;
  std::function<void(WorkerStep)> at_step = {};  ///< called after each step; may be empty
  /// When the jobs are others' tasks: `queue`, which they come from. Else null.
  TaskSource* tasks = nullptr;
};

/// Thread-safe. The parts outlive it.
class Worker {
 public:
  Worker(const WorkerOptions& options, const WorkerParts& parts);
  /// As stop() with no time left.
  ~Worker();

  /// Starts the threads.
  void start();

  /// Leases no more, lets running jobs finish for at most `drain`, hands the rest back, and returns
  /// when every thread has ended. Safe to repeat.
  void stop(std::chrono::milliseconds drain);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace thumbmill
