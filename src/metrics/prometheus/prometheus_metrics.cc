#include "metrics/prometheus/prometheus_metrics.h"

#include <map>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/status.h"

namespace thumbmill {
namespace {

prometheus::Labels make_labels(const Metric& metric, LabelValues values) {
  prometheus::Labels labels;
  std::string_view names = metric.labels;
  for (const std::string_view value : values) {
    THUMBMILL_CHECK(!names.empty());
    const std::size_t comma = std::min(names.find(','), names.size());
    labels.emplace(names.substr(0, comma), value);
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  THUMBMILL_CHECK(names.empty());
  return labels;
}

}  // namespace

struct PrometheusMetrics::Registry {
  prometheus::Registry registry;
  std::map<const Metric*, prometheus::Family<prometheus::Counter>*> counters;
  std::map<const Metric*, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<const Metric*, prometheus::Family<prometheus::Histogram>*> histograms;
};

PrometheusMetrics::PrometheusMetrics() : registry_(std::make_unique<Registry>()) {
  for (const Metric* metric : metric::kAll) {
    const std::string name(metric->name);
    const std::string help(metric->help);
    prometheus::Registry& registry = registry_->registry;
    switch (metric->kind) {
      case MetricKind::counter:
        registry_->counters[metric] =
            &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
        break;
      case MetricKind::gauge:
        registry_->gauges[metric] =
            &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
        break;
      case MetricKind::histogram:
        registry_->histograms[metric] =
            &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
        break;
    }
    if (!metric->labels.empty() || metric->system_wide) continue;
    // Without labels there is one series, and it is there from the start.
    if (metric->kind == MetricKind::counter) add(*metric, 0);
    if (metric->kind == MetricKind::gauge) set(*metric, 0);
  }
}

PrometheusMetrics::~PrometheusMetrics() = default;

void PrometheusMetrics::add(const Metric& counter, double amount, LabelValues labels) {
  registry_->counters.at(&counter)->Add(make_labels(counter, labels)).Increment(amount);
}

void PrometheusMetrics::set(const Metric& gauge, double value, LabelValues labels) {
  registry_->gauges.at(&gauge)->Add(make_labels(gauge, labels)).Set(value);
}

void PrometheusMetrics::clear(const Metric& gauge) {
  auto& family = *registry_->gauges.at(&gauge);
  family.Remove(&family.Add({}));  // Add gives the one there is
}

void PrometheusMetrics::observe(const Metric& histogram, double value, LabelValues labels) {
  const prometheus::Histogram::BucketBoundaries buckets(histogram.buckets.begin(),
                                                        histogram.buckets.end());
  registry_->histograms.at(&histogram)->Add(make_labels(histogram, labels), buckets).Observe(value);
}

std::string PrometheusMetrics::serialize() const {
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

}  // namespace thumbmill
