// LineLimit: keeps what others can cause as often as they like from filling the log.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace thumbmill {

/// Decides which of many lines of one kind are written to the log: the first, and from then on one
/// each ten minutes at the most. Thread-safe. The clock outlives it.
class LineLimit {
 public:
  explicit LineLimit(const Clock& clock) : clock_(clock) {}

  /// To be asked once for each line: nothing when this one is to be left out, else how many have
  /// been left out since the last one that was not.
  std::optional<std::int64_t> admit();

 private:
  const Clock& clock_;

  std::mutex mutex_;
  SteadyTime next_line_ = SteadyTime::min();  // guarded by mutex_
  std::int64_t left_out_ = 0;                 // since the last line; guarded by mutex_
};

}  // namespace thumbmill
