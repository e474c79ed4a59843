// Breaker: when most calls to the server fail, calls fail at once for a while instead of each
// taking its time and adding to the server's trouble. Internal to store/s3; docs/s3.md.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace thumbmill::s3 {

/// Thread-safe. The clock outlives it.
class Breaker {
 public:
  /// Opens when more than half of at least kLeastCalls calls of the last kWindow have failed.
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr std::uint64_t kLeastCalls = 20;
  /// While it is open, one call in this time goes through to see.
  static constexpr std::chrono::seconds kPause{5};

  enum class Change { none, opened, closed };

  explicit Breaker(const Clock& clock) : clock_(clock) {}

  /// Whether a call may be made now.
  bool allows();

  /// How a call that was made has ended; a success closes it, whenever that call began.
  Change record(bool failed);

 private:
  struct Second {
    std::int64_t number = -1;
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
  };

  bool mostly_failing(std::int64_t now) const;

  const Clock& clock_;
  std::mutex mutex_;
  std::array<Second, static_cast<std::size_t>(kWindow.count())> seconds_;  // guarded by mutex_
  bool open_ = false;                                                      // guarded by mutex_
  SteadyTime next_look_{};                                                 // guarded by mutex_
};

}  // namespace thumbmill::s3
