// Samples: durations measured by many threads, and their percentiles.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

namespace thumbmill {

/// Percentiles of a set of durations, in seconds. Zero when there was no sample.
struct Percentiles {
  std::size_t count = 0;
  double mean = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0;
};

/// Thread-safe. Keeps every sample: a million take 8 MB.
class Samples {
 public:
  void add(std::chrono::nanoseconds duration);

  /// By the nearest rank.
  Percentiles percentiles() const;

 private:
  mutable std::mutex mutex_;
  std::vector<double> seconds_;  // guarded by mutex_
};

}  // namespace thumbmill
