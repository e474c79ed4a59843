// StoreBreaker: lets a worker lease only while the store can be used, so that it does not take jobs
// which it can only put back. A store that refuses what is asked of it is no better than one that
// is away.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/random.h"
#include "metrics/metrics.h"
#include "store/object_store.h"

namespace thumbmill {

/// Thread-safe. Everything passed in outlives it.
class StoreBreaker {
 public:
  StoreBreaker(ObjectStore& store, Metrics& metrics, Logger& log, Clock& clock, Random& random);

  /// So many jobs that the store fails in a row open it even while the check succeeds: then the
  /// store refuses something that only jobs ask for.
  static constexpr int kMostFailures = 5;

  /// A store call, or one of the queue, has failed: asks the store, and opens when it cannot be
  /// used.
  void suspect(const OpContext& context);

  /// The store has failed a job, for which `failure` is the reason.
  void record_failure(const Status& failure);

  /// A job has ended, with all that this takes of the store.
  void record_success();

  /// Returns at once while closed. Before the store was first asked, and while open, waits, asking
  /// the store now and then from one of the waiting threads, until it can be used or `stop` is
  /// requested.
  void wait_closed(const std::stop_token& stop);

 private:
  enum class State { unknown, open, closed };

  void learn(const Status& check);

  ObjectStore& store_;
  Metrics& metrics_;
  Logger& log_;
  Clock& clock_;
  Random& random_;

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::unknown;  // guarded by mutex_
  bool probing_ = false;          // guarded by mutex_
  int failures_ = 0;              // in a row, while not open; guarded by mutex_
};

}  // namespace thumbmill
