// A clock that moves only when a test says so.
#pragma once

#include <set>
#include <utility>

#include "base/clock.h"

namespace thumbmill {

/// Thread-safe. Time stands still until advance(); waiters whose deadline it passes wake up.
class SimClock final : public Clock {
 public:
  SteadyTime now() const override;
  WallTime wall_now() const override;
  bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv,
                  SteadyTime deadline, const std::function<bool()>& ready) override;

  /// Moves both clocks on and wakes every waiter whose deadline has come.
  void advance(std::chrono::milliseconds by);

  /// Moves the calendar clock alone, as an administrator or NTP does.
  void step_wall(std::chrono::milliseconds by);

  /// Blocks until `count` threads are waiting with a deadline: the moment at which advancing is
  /// sure to be seen by them. Throws when they do not come within a minute of real time.
  void await_waiters(std::size_t count);

 private:
  struct Waiter {
    std::mutex* mutex;
    std::condition_variable* cv;
    SteadyTime deadline;
  };

  mutable std::mutex mutex_;
  std::condition_variable waiters_changed_;
  SteadyTime now_{std::chrono::hours(1000)};                     // guarded by mutex_
  WallTime wall_{std::chrono::milliseconds(1'767'225'600'000)};  // 2026-01-01; guarded by mutex_
  std::multiset<Waiter*> waiters_;                               // guarded by mutex_
};

}  // namespace thumbmill
