// Worked examples of the controller's arithmetic, each by hand from the rules in its source.
#include "app/plan/hpa_replicas.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr double kNow = 10'000;
constexpr std::int64_t kRequest = 1'000;
const HpaTiming kTiming;

PodSample long_ready(std::int64_t usage_millis) {
  return {.ready = true,
          .started_at = 0,
          .ready_changed_at = 5,
          .usage_millis = usage_millis,
          .measured_at = kNow,
          .window_seconds = 15};
}

PodSample missing() {
  PodSample pod = long_ready(0);
  pod.usage_millis.reset();
  return pod;
}

PodSample starting() {
  PodSample pod = long_ready(900);
  pod.ready = false;
  pod.started_at = pod.ready_changed_at = kNow - 20;
  return pod;
}

std::optional<int> by_cpu(const std::vector<PodSample>& pods, int target, int current) {
  return replicas_by_cpu(pods, kRequest, target, current, kNow, kTiming);
}

TEST(HpaReplicas, FollowTheRatioRoundedUp) {
  EXPECT_EQ(by_cpu({long_ready(300), long_ready(500), long_ready(700)}, 30, 3), 5);  // 50/30 * 3
  EXPECT_EQ(by_cpu({long_ready(100), long_ready(100), long_ready(100)}, 50, 3), 1);  // 10/50 * 3
}

TEST(HpaReplicas, AreLeftAloneWithinATenth) {
  EXPECT_EQ(by_cpu({long_ready(715), long_ready(715)}, 65, 2), 2);  // 71/65: the rest is dropped
  EXPECT_EQ(by_cpu({long_ready(720), long_ready(720)}, 65, 2), 3);  // 72/65 = 1.108
  EXPECT_EQ(by_cpu({long_ready(590), long_ready(590)}, 65, 2), 2);  // 59/65 = 0.908
  EXPECT_EQ(by_cpu({long_ready(580), long_ready(580)}, 65, 3), 2);  // 58/65 = 0.892
}

TEST(HpaReplicas, APodThatStartsCountsAsIdleOnTheWayUp) {
  // 95 % of two is 190 %; by three 63 %, within a tenth of 60.
  EXPECT_EQ(by_cpu({long_ready(950), long_ready(950), starting()}, 60, 3), 3);
  // 100 % of two by three: 66/30 = 2.2 * 3.
  EXPECT_EQ(by_cpu({long_ready(1'000), long_ready(1'000), starting()}, 30, 3), 7);
}

TEST(HpaReplicas, APodThatStartsIsLeftOutOnTheWayDown) {
  EXPECT_EQ(by_cpu({long_ready(100), long_ready(100), starting()}, 50, 3), 1);  // 0.2 * 2
}

TEST(HpaReplicas, AFreshPodCountsOnceAWholeWindowHasPassed) {
  PodSample fresh = long_ready(600);
  fresh.started_at = kNow - 60;
  fresh.ready_changed_at = kNow - 14;
  EXPECT_EQ(by_cpu({long_ready(600), fresh}, 30, 2), 2);  // as unready: 30/30 by two
  fresh.ready_changed_at = kNow - 15;
  EXPECT_EQ(by_cpu({long_ready(600), fresh}, 30, 2), 4);  // 60/30 * 2
}

TEST(HpaReplicas, APodThatWasReadyAndIsNotStillCounts) {
  PodSample hung = long_ready(1'000);
  hung.ready = false;
  hung.ready_changed_at = kNow - 60;
  EXPECT_EQ(by_cpu({long_ready(1'000), hung}, 50, 2), 4);
  PodSample never = hung;  // it became unready within 30 s of its start
  never.ready_changed_at = 10;
  EXPECT_EQ(by_cpu({long_ready(1'000), never}, 50, 2), 2) << "100 % by two pods is the target";
}

TEST(HpaReplicas, AMissingMetricSpeaksAgainstTheChange) {
  // Up: 190 % and nothing, 63 % by three against 60: as it is.
  EXPECT_EQ(by_cpu({long_ready(950), long_ready(950), missing()}, 60, 3), 3);
  // Down: as if at 100 %, 20 + 20 + 100 = 46 % by three against 50: as it is.
  EXPECT_EQ(by_cpu({long_ready(200), long_ready(200), missing()}, 50, 3), 3);
  // Down all the same: 10 * 4 + 100 = 28 % by five against 80: 0.35 * 5.
  const PodSample idle = long_ready(100);
  EXPECT_EQ(by_cpu({idle, idle, idle, idle, missing()}, 80, 5), 2);
}

TEST(HpaReplicas, WithoutAUsableMetricNothingIsSaid) {
  EXPECT_EQ(by_cpu({}, 50, 2), std::nullopt);
  EXPECT_EQ(by_cpu({missing(), starting()}, 50, 2), std::nullopt);
  PodSample ending = long_ready(1'000);
  ending.ending = true;
  EXPECT_EQ(by_cpu({ending}, 50, 2), std::nullopt);
}

TEST(HpaReplicas, ByAverageOfAnExternalMetric) {
  EXPECT_EQ(replicas_by_average(95, 10, 3, 0.1), 10);
  EXPECT_EQ(replicas_by_average(32, 10, 3, 0.1), 3) << "within a tenth";
  EXPECT_EQ(replicas_by_average(0, 10, 3, 0.1), 0);
  EXPECT_EQ(replicas_by_average(5, 10, 0, 0.1), 1) << "from nothing";
}

TEST(HpaReplicas, ByValueOfAnExternalMetric) {
  EXPECT_EQ(replicas_by_value(30, 10, 2, 2, 0.1), 6);
  EXPECT_EQ(replicas_by_value(30, 10, 4, 2, 0.1), 6) << "times those that are ready";
  EXPECT_EQ(replicas_by_value(10.5, 10, 4, 2, 0.1), 4) << "within a tenth";
  EXPECT_EQ(replicas_by_value(15, 10, 0, 0, 0.1), 2) << "from nothing";
}

}  // namespace
}  // namespace thumbmill
