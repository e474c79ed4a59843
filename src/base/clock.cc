#include "base/clock.h"

#include <algorithm>
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
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto part = std::chrono::floor<std::chrono::milliseconds>(time - second);
  const std::time_t seconds = second.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc, part.count());
}

std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_ms(std::int64_t unix_ms) {
  // WallTime counts nanoseconds, and its range ends in 2262: ids and stored files may claim more.
  using std::chrono::milliseconds;
  constexpr auto kLeast = std::chrono::ceil<milliseconds>(WallTime::duration::min());
  constexpr auto kMost = std::chrono::floor<milliseconds>(WallTime::duration::max());
  return WallTime(std::clamp(milliseconds(unix_ms), kLeast, kMost));
}

}  // namespace thumbmill
