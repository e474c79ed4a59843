// StoreBreaker: pauses leasing while the store is down, so that a worker does not take jobs which
// it can only put back.
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

  /// A store call failed for want of the store: asks it, and opens when it is down indeed.
  void suspect(const OpContext& context);

  /// Returns at once while closed. While open, waits, asking the store now and then from one of the
  /// waiting threads, until it is back or `stop` is requested.
  void wait_closed(const std::stop_token& stop);

 private:
  void set_open(bool open);

  ObjectStore& store_;
  Metrics& metrics_;
  Logger& log_;
  Clock& clock_;
  Random& random_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;     // guarded by mutex_
  bool probing_ = false;  // guarded by mutex_
};

}  // namespace thumbmill
