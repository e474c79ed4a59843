#include "app/plan/simulation.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/plan/optimum.h"
#include "app/plan/report.h"
#include "app/plan/trace.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

// One job a second, each of half a second.
Scenario regular(int jobs) {
  Scenario scenario;
  for (int i = 0; i < jobs; ++i) scenario.arrivals.push_back(i + 0.25);
  scenario.services.assign(scenario.arrivals.size(), 0.5);
  scenario.seconds = jobs;
  return scenario;
}

// Ten a second from the 60th to the 160th second, each of a second.
Scenario burst() {
  Scenario scenario;
  for (int i = 0; i < 1'000; ++i) scenario.arrivals.push_back(60 + i * 0.1);
  scenario.services.assign(scenario.arrivals.size(), 1);
  scenario.seconds = 600;
  scenario.peak_end_seconds = 160;
  return scenario;
}

ScalerManifest on_backlog(int least, double target) {
  ScalerManifest manifest;
  manifest.hpa = {least,
                  20,
                  {{HpaMetric::Kind::external_average, target, kBacklogFigure}},
                  HpaBehavior{{0, HpaRules::Select::max, {{HpaPolicy::Kind::pods, 6, 15}}},
                              {60, HpaRules::Select::max, {{HpaPolicy::Kind::percent, 100, 15}}}}};
  return manifest;
}

TEST(Simulation, NobodyWaitsWhereThereIsRoom) {
  const Outcome outcome = simulate(regular(100), *fixed_scaler(1));
  EXPECT_EQ(outcome.wait_max, 0);
  EXPECT_DOUBLE_EQ(outcome.worker_seconds, 100);
  EXPECT_EQ(outcome.moments.size(), 100u);
}

TEST(Simulation, AQueueGrowsByWhatIsTooMuch) {
  Scenario scenario = regular(100);
  scenario.services.assign(100, 2);  // twice what one can do
  const Outcome outcome = simulate(scenario, *fixed_scaler(1));
  EXPECT_DOUBLE_EQ(outcome.wait_max, 99);  // the last begins at 198.25
  EXPECT_DOUBLE_EQ(outcome.worker_seconds, 200.25) << "works until all is done";
  scenario.slots = 2;
  EXPECT_EQ(simulate(scenario, *fixed_scaler(1)).wait_max, 0);
}

TEST(Simulation, APodWorksOnceItHasStarted) {
  Scenario scenario = regular(20);
  scenario.pod_start_seconds = 7;
  const Outcome outcome = simulate(scenario, *scheduled_scaler({0, 1}, 1));
  EXPECT_DOUBLE_EQ(outcome.wait_max, 7.75);  // made at 1, works from 8 on
  EXPECT_DOUBLE_EQ(outcome.worker_seconds, 19);
  scenario.room = 1;
  scenario.node_start_seconds = 60;
  EXPECT_DOUBLE_EQ(simulate(scenario, *scheduled_scaler({0, 1}, 1)).wait_max, 7.75)
      << "there is room for one";
}

TEST(Simulation, APodBeyondTheRoomWaitsForANode) {
  Scenario scenario = regular(10);
  scenario.services.assign(10, 4);
  scenario.room = 1;
  const double enough = simulate(scenario, *scheduled_scaler({1, 4}, 1)).wait_max;
  scenario.node_start_seconds = 1'000;
  const double alone = simulate(scenario, *scheduled_scaler({1, 4}, 1)).wait_max;
  EXPECT_EQ(alone, simulate(scenario, *fixed_scaler(1)).wait_max);
  EXPECT_LT(enough, alone);
}

TEST(Simulation, APodThatIsToEndFinishesItsJob) {
  Scenario scenario;
  scenario.arrivals = {0.5};
  scenario.services = {10};
  scenario.seconds = 20;
  const Outcome outcome = simulate(scenario, *scheduled_scaler({1, 0}, 2));
  EXPECT_DOUBLE_EQ(outcome.worker_seconds, 10.5);
}

TEST(Simulation, TheBacklogBringsPodsAndTakesThemAway) {
  const auto scaler = shipped_scaler(on_backlog(1, 10));
  const Outcome outcome = simulate(burst(), *scaler);
  EXPECT_GT(outcome.most_replicas, 5);
  EXPECT_LT(outcome.wait_max, simulate(burst(), *fixed_scaler(5)).wait_max);
  EXPECT_EQ(outcome.moments.back().replicas, 1);
}

TEST(Simulation, KedaWakesFromZeroAndGoesBack) {
  ScalerManifest manifest = on_backlog(0, 10);
  manifest.keda = KedaActivation{5, 30, 0};
  const Outcome outcome = simulate(burst(), *shipped_scaler(manifest));
  EXPECT_EQ(outcome.moments.front().replicas, 0);
  EXPECT_GT(outcome.most_replicas, 5);
  EXPECT_EQ(outcome.moments.back().replicas, 0);
}

TEST(Simulation, CpuBringsPodsToo) {
  ScalerManifest manifest = on_backlog(1, 10);
  manifest.hpa.metrics = {{HpaMetric::Kind::cpu_utilization, 65, ""}};
  const Outcome outcome = simulate(burst(), *shipped_scaler(manifest));
  EXPECT_GT(outcome.most_replicas, 5);
  EXPECT_EQ(outcome.moments.back().replicas, 1);
}

TEST(Simulation, ForesightCostsLessThanAnyFixedNumberThatDoesAsWell) {
  const Scenario scenario = burst();
  const Outcome fixed = simulate(scenario, *fixed_scaler(9));
  const double fewest = fewest_worker_seconds(foreseen_schedules(scenario, 0), fixed.wait_p95);
  EXPECT_GE(fewest, 1'000) << "less than the work there is";
  EXPECT_LT(fewest, fixed.worker_seconds / 2);
}

TEST(Trace, ArrivalsComeAtItsRates) {
  Random random(1);
  const std::vector<double> arrivals = arrivals_of(burst_trace(5, 10, 300, 1'800), random);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end()));
  const auto in_burst = std::count_if(arrivals.begin(), arrivals.end(),
                                      [](double at) { return at >= 360 && at < 660; });
  EXPECT_NEAR(static_cast<double>(in_burst), 15'000, 600);
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 15'000 + 7'500, 900);
}

TEST(Trace, ADayHasItsRateOnAverage) {
  const Trace day = day_trace(10, 9'600);
  const double sum =
      std::accumulate(day.pieces.begin(), day.pieces.end(), 0.0,
                      [](double all, const RatePiece& piece) { return all + piece.per_second; });
  EXPECT_NEAR(sum / static_cast<double>(day.pieces.size()), 10, 0.01);
  EXPECT_NEAR(day.pieces.front().per_second, 2, 0.01);
  EXPECT_NEAR(day.pieces[48].per_second, 18, 0.01);
}

TEST(Trace, ReadsCsv) {
  const Trace trace = csv_trace("seconds,rate\n0,2\n60,4.5\n90,0\n", "t.csv").value();
  ASSERT_EQ(trace.pieces.size(), 2u);
  EXPECT_EQ(trace.pieces[1].per_second, 4.5);
  EXPECT_EQ(trace.seconds, 90);
  EXPECT_THAT(csv_trace("0,2\n0,3\n", "t.csv").status().message(), HasSubstr("t.csv:2: \"0,3\""));
  EXPECT_THAT(csv_trace("5,2\n9,3\n", "t.csv").status().message(), HasSubstr("t.csv:1"));
  EXPECT_THAT(csv_trace("0,2\n", "t.csv").status().message(), HasSubstr("two lines"));
}

TEST(PlanReport, EscapesWhatItShows) {
  PlanReport report{"a <b> & c", 100, 0.1, {{"x<y", simulate(regular(100), *fixed_scaler(1)), 80}}};
  const std::string page = plan_html(report);
  EXPECT_THAT(page, HasSubstr("a &lt;b> &amp; c"));
  EXPECT_THAT(page, HasSubstr("<td>x&lt;y</td>"));
  EXPECT_THAT(page, HasSubstr("<polyline"));
  EXPECT_THAT(plan_text(report), HasSubstr("1.25"));
  EXPECT_THAT(plan_json(report), HasSubstr("\"foreseen_worker_seconds\":8E1"));
}

}  // namespace
}  // namespace thumbmill
