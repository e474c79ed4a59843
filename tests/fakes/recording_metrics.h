// Metrics that remember everything, for tests to look at.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/metrics.h"

namespace thumbmill {

/// Thread-safe.
class RecordingMetrics final : public Metrics {
 public:
  void add(const Metric& counter, double amount, LabelValues labels = {}) override;
  void set(const Metric& gauge, double value, LabelValues labels = {}) override;
  void clear(const Metric& gauge) override;
  void observe(const Metric& histogram, double value, LabelValues labels = {}) override;

  /// A counter's sum or a gauge's value, 0 when never touched.
  double value(const Metric& metric, LabelValues labels = {}) const;

  /// Whether a gauge or counter has been touched, and not cleared since.
  bool has(const Metric& metric, LabelValues labels = {}) const;

  /// What a histogram was given, in order.
  std::vector<double> observed(const Metric& histogram, LabelValues labels = {}) const;

 private:
  static std::string series(const Metric& metric, LabelValues labels);

  mutable std::mutex mutex_;
  std::map<std::string, double> values_;                 // guarded by mutex_
  std::map<std::string, std::vector<double>> observed_;  // guarded by mutex_
};

}  // namespace thumbmill
