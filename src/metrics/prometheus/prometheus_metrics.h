// PrometheusMetrics: Metrics kept by prometheus-cpp and written in Prometheus' text format.
#pragma once

#include <memory>
#include <string>

#include "metrics/metrics.h"

namespace thumbmill {

/// Thread-safe. Declares every metric of metric::kAll from the start.
class PrometheusMetrics final : public Metrics {
 public:
  PrometheusMetrics();
  ~PrometheusMetrics() override;

  void add(const Metric& counter, double amount, LabelValues labels = {}) override;
  void set(const Metric& gauge, double value, LabelValues labels = {}) override;
  void clear(const Metric& gauge) override;
  void observe(const Metric& histogram, double value, LabelValues labels = {}) override;

  /// Everything in the text exposition format 0.0.4.
  std::string serialize() const;

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace thumbmill
