// RedisBell: lets workers wait until a job may be there. Scripts that make a job ready push a ring
// onto a list; here one thread pops it (BLPOP) while somebody waits, and wakes one of them. A ring
// carries nothing: whoever wakes asks the queue, and a ring that was lost costs the wait until its
// deadline, never a job. That is why waiting is not done by a blocking XREADGROUP, which would hand
// the job itself to a process that may be gone.
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
#include "base/unique_fd.h"
#include "redis/connector.h"

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
  /// Ends early when the bell is taken down.
  void pause(int failures);

  RedisConnector& connector_;
  const std::string key_;
  Clock& clock_;
  Random& random_;
  Logger& log_;
  const UniqueFd closing_fd_;  // readable from when closing_ is true

  std::mutex mutex_;
  std::condition_variable needed_;  // waiting_ or closing_ changed
  std::condition_variable rung_;    // rings_ changed, or a waiter was stopped
  std::uint64_t waiting_ = 0;       // guarded by mutex_
  std::uint64_t rings_ = 0;         // guarded by mutex_; heard, and nobody woken by them yet
  bool closing_ = false;            // guarded by mutex_
  std::thread listener_;
};

}  // namespace thumbmill
