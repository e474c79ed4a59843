// A progress bar for people; nothing where the output is not a terminal.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace thumbmill {

/// Draws "[#####-----] 50/100 label" on a line of its own, at most ten times a second. Thread-safe.
class ProgressBar {
 public:
  /// Draws on descriptor `fd` if that is a terminal. `total` of 0: unknown, only the count is
  /// shown.
  ProgressBar(int fd, std::uint64_t total, const Clock& clock);
  /// Wipes the bar's line.
  ~ProgressBar();

  /// Shows that `done` of the total are done, and `label` behind it.
  void update(std::uint64_t done, const std::string& label);

 private:
  const int fd_;
  const bool visible_;
  const std::uint64_t total_;
  const Clock& clock_;
  std::mutex mutex_;
  SteadyTime drawn_{};  // guarded by mutex_
};

}  // namespace thumbmill
