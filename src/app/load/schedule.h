// Schedule: when each upload of a run is to begin. Closed loop: as soon as a connection is free.
// Open loop: at a given rate whatever the server does, so that its slowness shows as latency and
// not as less load (the fault known as coordinated omission).
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/random.h"

namespace thumbmill {

struct ScheduleOptions {
  std::uint64_t count = 0;                ///< uploads in all; 0: until the duration is over
  std::chrono::milliseconds duration{0};  ///< 0: until the count is reached
  double rate = 0;                        ///< uploads a second; 0: closed loop
  bool poisson = false;                   ///< open loop: exponential gaps instead of equal ones
};

/// Thread-safe.
class Schedule {
 public:
  Schedule(const ScheduleOptions& options, SteadyTime begin, Random& random)
      : options_(options), begin_(begin), next_(begin), random_(random) {}

  struct Slot {
    std::uint64_t index = 0;
    std::optional<SteadyTime> due;  ///< nothing in a closed loop: now
  };

  /// The next upload to make, or nothing when the run is over.
  std::optional<Slot> take(SteadyTime now);

 private:
  const ScheduleOptions options_;
  const SteadyTime begin_;
  std::mutex mutex_;
  std::uint64_t taken_ = 0;  // guarded by mutex_
  SteadyTime next_;          // guarded by mutex_
  Random& random_;
};

}  // namespace thumbmill
