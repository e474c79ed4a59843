// Full-jitter exponential backoff.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/random.h"

namespace thumbmill {

/// The delay before attempt n + 1 is random(0, min(cap, base * 2^(n-1))), n counted from 1.
/// Full jitter spreads simultaneous retries best (Brooker, "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015).
struct Backoff {
  std::chrono::milliseconds base{2'000};
  std::chrono::milliseconds cap{300'000};

  /// The delay after failed attempt `attempt` (>= 1). Never negative, never over `cap`.
  std::chrono::milliseconds delay(int attempt, Random& random) const {
    const int doublings = std::clamp(attempt - 1, 0, 30);
    const double bound =
        std::min(static_cast<double>(cap.count()),
                 static_cast<double>(base.count()) * static_cast<double>(1LL << doublings));
    return std::chrono::milliseconds(static_cast<long long>(random.next_unit() * bound));
  }
};

}  // namespace thumbmill
