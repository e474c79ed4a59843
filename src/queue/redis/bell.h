// RedisBell: lets workers wait until a job may be there. Scripts that make a job ready push a ring
// onto a list; here one thread pops it (BLPOP) while somebody waits, and wakes one of them. A ring
// carries nothing: whoever wakes asks the queue, and a ring that was lost costs the wait until its
// deadline, never a job. That is why waiting is not done by a blocking pop of the job itself, which
// would hand it to a process that may be gone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/random.h"
#include "redis/connector.h"
#include "redis/end_signal.h"

namespace thumbmill {

/// Thread-safe. What it is given outlives it; nobody may be waiting when it goes.
class RedisBell {
 public:
  RedisBell(RedisConnector& connector, std::string key, Clock& clock, Random& random, Logger& log);
  ~RedisBell();

  /// Returns when the bell has rung for this caller, at `deadline`, or at a stop request.
  void wait(SteadyTime deadline, const OpContext& context);

 private:
  void listen();
  /// Blocks until somebody waits; false when it is time to end.
  bool await_waiter();
  Status await_ring(RedisConnection& connection);

  RedisConnector& connector_;
  const std::string key_;
  Clock& clock_;
  Random& random_;
  Logger& log_;
  EndSignal end_;

  std::mutex mutex_;
  std::condition_variable needed_;  // waiting_ or ending_ changed
  std::condition_variable rung_;    // rings_ changed, or a waiter was stopped
  std::uint64_t waiting_ = 0;       // guarded by mutex_
  std::uint64_t rings_ = 0;         // guarded by mutex_; heard, and nobody woken by them yet
  bool ending_ = false;             // guarded by mutex_
  std::thread listener_;
};

}  // namespace thumbmill
