// What docs/autoscaling.md claims of the autoscaler that we recommend.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "app/plan/manifest.h"
#include "app/plan/optimum.h"
#include "app/plan/service_times.h"
#include "app/plan/trace.h"

namespace thumbmill {
namespace {

ScalerManifest shipped(const std::string& file) {
  const std::string path = std::string(THUMBMILL_SOURCE_DIR "/deploy/kustomize/overlays/") + file;
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return parse_scaler(text.str(), path, "thumbmill-worker").value();
}

class OnABurst : public ::testing::TestWithParam<double> {};

TEST_P(OnABurst, TheRecommendedScalerStaysNearForesightAndCpuDoesNot) {
  Scenario scenario;
  const Trace trace = burst_trace(GetParam(), 10, 300, 1800);
  Random random(1);
  scenario.arrivals = arrivals_of(trace, random);
  scenario.services = lognormal_services(scenario.arrivals.size(), 0.06, 0.5, random);
  scenario.seconds = trace.seconds;
  scenario.peak_end_seconds = trace.peak_end_seconds;
  const std::vector<Foreseen> foreseen = foreseen_schedules(scenario, 1);

  const auto ratio = [&](const std::string& file) {
    const Outcome outcome = simulate(scenario, *shipped_scaler(shipped(file)));
    return outcome.worker_seconds / fewest_worker_seconds(foreseen, outcome.wait_p95);
  };
  EXPECT_LE(ratio("eks-queue/scaledobject.yaml"), 1.2);
  EXPECT_GT(ratio("eks-cpu/hpa.yaml"), 1.3);
}

INSTANTIATE_TEST_SUITE_P(UploadsASecond, OnABurst, ::testing::Values(8, 16, 24));

}  // namespace
}  // namespace thumbmill
