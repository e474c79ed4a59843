#include "metrics/prometheus/prometheus_metrics.h"

#include <set>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

TEST(PrometheusMetrics, CountsSetsAndObserves) {
  PrometheusMetrics metrics;
  metrics.add(metric::kJobs, 2, {"failed", "too_large"});
  metrics.add(metric::kJobs, 1, {"failed", "too_large"});
  metrics.set(metric::kQueueReady, 7);
  metrics.observe(metric::kJobSeconds, 0.02, {"decode"});
  const std::string text = metrics.serialize();
  EXPECT_THAT(text, HasSubstr("# TYPE thumbmill_jobs_total counter"));
  EXPECT_THAT(text, HasSubstr(R"(thumbmill_jobs_total{code="too_large",outcome="failed"} 3)"));
  EXPECT_THAT(text, HasSubstr("thumbmill_queue_ready 7"));
  EXPECT_THAT(text,
              HasSubstr(R"(thumbmill_job_duration_seconds_bucket{stage="decode",le="0.025"} 1)"));
}

TEST(PrometheusMetrics, MetricsWithoutLabelsAreThereFromTheStart) {
  const std::string text = PrometheusMetrics().serialize();
  for (const Metric* metric : metric::kAll) {
    const std::string series = "\n" + std::string(metric->name) + " ";
    if (metric->system_wide) {
      EXPECT_THAT(text, Not(HasSubstr(series))) << metric->name;
    } else if (metric->labels.empty() && metric->kind != MetricKind::histogram) {
      EXPECT_THAT(text, HasSubstr(series + "0")) << metric->name;
    }
  }
}

TEST(PrometheusMetrics, AGaugeThatIsClearedIsThereNoMore) {
  PrometheusMetrics metrics;
  metrics.set(metric::kQueueBacklog, 7);
  EXPECT_THAT(metrics.serialize(), HasSubstr("\nthumbmill_queue_backlog 7"));
  metrics.clear(metric::kQueueBacklog);
  EXPECT_THAT(metrics.serialize(), Not(HasSubstr("\nthumbmill_queue_backlog ")));
  metrics.clear(metric::kQueueBacklog);
  metrics.set(metric::kQueueBacklog, 8);
  EXPECT_THAT(metrics.serialize(), HasSubstr("\nthumbmill_queue_backlog 8"));
}

TEST(PrometheusMetrics, EveryNameIsOursAndThereOnce) {
  std::set<std::string_view> names;
  for (const Metric* metric : metric::kAll) {
    EXPECT_TRUE(metric->name.starts_with("thumbmill_")) << metric->name;
    EXPECT_EQ(metric->name.ends_with("_total"), metric->kind == MetricKind::counter)
        << metric->name;
    EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
  }
}

}  // namespace
}  // namespace thumbmill
