#include "base/clock.h"

#include <ctime>

#include <fmt/chrono.h>

namespace thumbmill {

SteadyTime SystemClock::now() const { return std::chrono::steady_clock::now(); }

WallTime SystemClock::wall_now() const { return std::chrono::system_clock::now(); }

bool SystemClock::wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv,
                             SteadyTime deadline, const std::function<bool()>& ready) {
  // wait_until(max) overflows in some C++ libraries, so "for ever" takes the call without one.
  if (deadline == SteadyTime::max()) {
    cv.wait(lock, ready);
    return true;
  }
  return cv.wait_until(lock, deadline, ready);
}

std::string format_rfc3339(WallTime time) {
  const std::int64_t unix_ms = to_unix_ms(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(from_unix_ms(unix_ms));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc, unix_ms % 1000);
}

std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_ms(std::int64_t unix_ms) {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::milliseconds(unix_ms)));
}

}  // namespace thumbmill
