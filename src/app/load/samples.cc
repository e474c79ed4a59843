#include "app/load/samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace thumbmill {

void Samples::add(std::chrono::nanoseconds duration) {
  const std::lock_guard lock(mutex_);
  seconds_.push_back(std::chrono::duration<double>(duration).count());
}

Percentiles Samples::percentiles() const {
  std::vector<double> sorted;
  {
    const std::lock_guard lock(mutex_);
    sorted = seconds_;
  }
  Percentiles result;
  if (sorted.empty()) return result;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = [&](double fraction) {
    const auto index =
        static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(index, 1, sorted.size()) - 1];
  };
  result.count = sorted.size();
  result.mean =
      std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  result.p50 = rank(0.5);
  result.p90 = rank(0.9);
  result.p95 = rank(0.95);
  result.p99 = rank(0.99);
  result.p999 = rank(0.999);
  result.max = sorted.back();
  return result;
}

}  // namespace thumbmill
