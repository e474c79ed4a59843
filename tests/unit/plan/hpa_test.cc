#include "app/plan/hpa.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr const char* kMetric = "backlog";

HpaSpec spec_of(std::optional<HpaBehavior> behavior, int most = 100) {
  return {1, most, {{HpaMetric::Kind::external_average, 10, kMetric}}, std::move(behavior)};
}

HpaBehavior behavior_of(std::vector<HpaPolicy> up, std::vector<HpaPolicy> down, int up_window = 0,
                        int down_window = 0) {
  return {{up_window, HpaRules::Select::max, std::move(up)},
          {down_window, HpaRules::Select::max, std::move(down)}};
}

const HpaPolicy kAnyUp{HpaPolicy::Kind::pods, 1'000, 15};
const HpaPolicy kAnyDown{HpaPolicy::Kind::percent, 100, 15};

// Syncs at 0, 15, 30...; what comes out is what the next begins with.
class Clockwork {
 public:
  Clockwork(HpaSpec spec, int replicas) : hpa_(std::move(spec)), replicas_(replicas) {}

  /// One sync while the metric asks for `wanted` replicas; a metric that cannot be read: nothing.
  int sync(std::optional<int> wanted) {
    HpaInput input{now_, replicas_, {}, 1'000, {}};
    input.pods.resize(static_cast<std::size_t>(replicas_));
    if (wanted) input.external[kMetric] = *wanted * 10;
    now_ += 15;
    return replicas_ = hpa_.sync(input);
  }

 private:
  Hpa hpa_;
  double now_ = 0;
  int replicas_;
};

TEST(Hpa, WithoutABehaviorDoublesAtMostOrGoesToFour) {
  Clockwork clockwork(spec_of(std::nullopt), 1);
  EXPECT_EQ(clockwork.sync(50), 4);
  EXPECT_EQ(clockwork.sync(50), 8);
  EXPECT_EQ(clockwork.sync(50), 16);
}

TEST(Hpa, WithoutABehaviorHoldsTheHighestOfFiveMinutes) {
  Clockwork clockwork(spec_of(std::nullopt), 8);
  EXPECT_EQ(clockwork.sync(8), 8);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(clockwork.sync(2), 8) << "after " << i;
  EXPECT_EQ(clockwork.sync(2), 2) << "the eight is older than 300 s";
}

TEST(Hpa, StaysBetweenItsLimits) {
  Clockwork clockwork(spec_of(behavior_of({kAnyUp}, {kAnyDown}), 5), 3);
  EXPECT_EQ(clockwork.sync(50), 5);
  EXPECT_EQ(clockwork.sync(0), 1);
}

TEST(Hpa, BringsReplicasThatSomebodySetBackBetweenThem) {
  EXPECT_EQ(Clockwork(spec_of(std::nullopt, 5), 9).sync(std::nullopt), 5);
  HpaSpec spec = spec_of(std::nullopt);
  spec.min_replicas = 3;
  EXPECT_EQ(Clockwork(spec, 1).sync(std::nullopt), 3);
  EXPECT_EQ(Clockwork(spec, 0).sync(50), 0) << "zero switches it off";
}

TEST(Hpa, TheGreatestOfThePoliciesOfAPeriodCounts) {
  // As shipped: 200 % or six pods in 15 s.
  const HpaBehavior behavior = behavior_of(
      {{HpaPolicy::Kind::percent, 200, 15}, {HpaPolicy::Kind::pods, 6, 15}}, {kAnyDown});
  Clockwork clockwork(spec_of(behavior), 1);
  EXPECT_EQ(clockwork.sync(90), 7);
  EXPECT_EQ(clockwork.sync(90), 21);
  EXPECT_EQ(clockwork.sync(90), 63);
}

TEST(Hpa, ThePeriodRemembersWhatWasAdded) {
  Clockwork clockwork(spec_of(behavior_of({{HpaPolicy::Kind::pods, 4, 60}}, {kAnyDown})), 2);
  EXPECT_EQ(clockwork.sync(90), 6);
  EXPECT_EQ(clockwork.sync(90), 6);
  EXPECT_EQ(clockwork.sync(90), 6);
  EXPECT_EQ(clockwork.sync(90), 6);
  EXPECT_EQ(clockwork.sync(90), 10) << "a minute later";
}

TEST(Hpa, HalvesInAMinuteRoundedDown) {
  Clockwork clockwork(spec_of(behavior_of({kAnyUp}, {{HpaPolicy::Kind::percent, 50, 60}})), 15);
  EXPECT_EQ(clockwork.sync(1), 7);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(clockwork.sync(1), 7);
  EXPECT_EQ(clockwork.sync(1), 3);
}

TEST(Hpa, TheLeastOfThePoliciesWhereThatIsSelected) {
  HpaBehavior behavior = behavior_of(
      {{HpaPolicy::Kind::percent, 100, 15}, {HpaPolicy::Kind::pods, 4, 15}}, {kAnyDown});
  behavior.up.select = HpaRules::Select::min;
  EXPECT_EQ(Clockwork(spec_of(behavior), 10).sync(90), 14);
  behavior.up.select = HpaRules::Select::disabled;
  EXPECT_EQ(Clockwork(spec_of(behavior), 10).sync(90), 10);
  behavior.down.select = HpaRules::Select::disabled;
  EXPECT_EQ(Clockwork(spec_of(behavior), 10).sync(1), 10);
}

TEST(Hpa, ComesDownWhenTheWindowHasForgottenTheHighest) {
  Clockwork clockwork(spec_of(behavior_of({kAnyUp}, {kAnyDown}, 0, 60)), 2);
  EXPECT_EQ(clockwork.sync(9), 9);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(clockwork.sync(3), 9) << "after " << i;
  EXPECT_EQ(clockwork.sync(3), 3) << "60 s after the nine";
}

TEST(Hpa, GoesUpOnlyToTheLowestOfTheWindow) {
  Clockwork clockwork(spec_of(behavior_of({kAnyUp}, {kAnyDown}, 30, 0)), 2);
  EXPECT_EQ(clockwork.sync(2), 2);
  EXPECT_EQ(clockwork.sync(9), 2) << "the two is in the window";
  EXPECT_EQ(clockwork.sync(7), 7);
}

TEST(Hpa, LeavesReplicasAloneWithoutAMetric) {
  Clockwork clockwork(spec_of(std::nullopt), 6);
  EXPECT_EQ(clockwork.sync(std::nullopt), 6);
}

TEST(Hpa, OneUnreadMetricLetsTheOthersOnlyAdd) {
  HpaSpec spec = spec_of(behavior_of({kAnyUp}, {kAnyDown}));
  spec.metrics.push_back({HpaMetric::Kind::external_value, 1, "unread"});
  EXPECT_EQ(Clockwork(spec, 6).sync(2), 6);
  EXPECT_EQ(Clockwork(spec, 6).sync(9), 9);
}

}  // namespace
}  // namespace thumbmill
