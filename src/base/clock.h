// The only source of time. Everything that asks "now", waits or times out is given a Clock, so
// that tests drive it (tests/fakes/sim_clock.h) and never sleep.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace thumbmill {

/// Monotonic time, for leases, deadlines and durations.
using SteadyTime = std::chrono::steady_clock::time_point;
/// Calendar time, for ids, ages of stored objects and what people read.
using WallTime = std::chrono::system_clock::time_point;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual SteadyTime now() const = 0;
  virtual WallTime wall_now() const = 0;

  /// Waits on `cv` until `ready()` holds or `deadline` has come; returns ready(). `lock` is held
  /// on entry and on return, as with std::condition_variable. Whoever makes `ready()` true
  /// notifies `cv`. SteadyTime::max() waits without a deadline.
  virtual bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv,
                          SteadyTime deadline, const std::function<bool()>& ready) = 0;
};

/// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  SteadyTime now() const override;
  WallTime wall_now() const override;
  bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv,
                  SteadyTime deadline, const std::function<bool()>& ready) override;
};

/// RFC 3339 in UTC with milliseconds, e.g. "2026-01-31T09:05:07.123Z".
std::string format_rfc3339(WallTime time);

/// Milliseconds since the Unix epoch, rounded down, and back. What WallTime cannot hold becomes the
/// nearest that it can.
std::int64_t to_unix_ms(WallTime time);
WallTime from_unix_ms(std::int64_t unix_ms);

}  // namespace thumbmill
