#include "fakes/recording_metrics.h"

namespace thumbmill {

std::string RecordingMetrics::series(const Metric& metric, LabelValues labels) {
  std::string name(metric.name);
  for (const std::string_view label : labels) {
    name += ' ';
    name += label;
  }
  return name;
}

void RecordingMetrics::add(const Metric& counter, double amount, LabelValues labels) {
  const std::lock_guard lock(mutex_);
  values_[series(counter, labels)] += amount;
}

void RecordingMetrics::set(const Metric& gauge, double value, LabelValues labels) {
  const std::lock_guard lock(mutex_);
  values_[series(gauge, labels)] = value;
}

void RecordingMetrics::clear(const Metric& gauge) {
  const std::lock_guard lock(mutex_);
  values_.erase(series(gauge, {}));
}

void RecordingMetrics::observe(const Metric& histogram, double value, LabelValues labels) {
  const std::lock_guard lock(mutex_);
  observed_[series(histogram, labels)].push_back(value);
}

double RecordingMetrics::value(const Metric& metric, LabelValues labels) const {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(series(metric, labels));
  return found == values_.end() ? 0 : found->second;
}

bool RecordingMetrics::has(const Metric& metric, LabelValues labels) const {
  const std::lock_guard lock(mutex_);
  return values_.contains(series(metric, labels));
}

std::vector<double> RecordingMetrics::observed(const Metric& histogram, LabelValues labels) const {
  const std::lock_guard lock(mutex_);
  const auto found = observed_.find(series(histogram, labels));
  return found == observed_.end() ? std::vector<double>() : found->second;
}

}  // namespace thumbmill
