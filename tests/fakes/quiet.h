// Metrics and a log for tests that look at neither.
#pragma once

#include "base/log.h"
#include "metrics/metrics.h"

namespace thumbmill {

class NoMetrics final : public Metrics {
 public:
  void add(const Metric&, double, LabelValues) override {}
  void set(const Metric&, double, LabelValues) override {}
  void clear(const Metric&) override {}
  void observe(const Metric&, double, LabelValues) override {}
};

class NoLogger final : public Logger {
 public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace thumbmill
