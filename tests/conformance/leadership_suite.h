// What every Leadership among several processes must do: the contract of queue/leadership.h. Each
// "process" is a Leadership of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fakes/eventually.h"
#include "queue/leadership.h"

namespace thumbmill {

/// A server, and the processes that share it.
class LeadershipWorld {
 public:
  virtual ~LeadershipWorld() = default;
  virtual std::unique_ptr<Leadership> process() = 0;
  /// Whether the server is the test's own.
  virtual bool can_hang() const { return true; }
  /// Makes the server answer nothing, or answer again.
  virtual void hang() = 0;
  virtual void come_back() = 0;
};

struct LeadershipFactory {
  std::string name;
  std::function<std::unique_ptr<LeadershipWorld>()> make;
};

class LeadershipSuite : public ::testing::TestWithParam<LeadershipFactory> {
 protected:
  // The shortest that all of them keep.
  static constexpr std::chrono::seconds kTtl{6};

  static bool leads(Leadership& process, std::string_view role = "janitor") {
    const Result<bool> held = process.hold(role, kTtl, {});
    return held.ok() && *held;
  }
  static void await_lead(Leadership& process, std::string_view role = "janitor") {
    EXPECT_TRUE(eventually("it leads", [&] { return leads(process, role); }));
  }

  const std::unique_ptr<LeadershipWorld> world_ = GetParam().make();
};

TEST_P(LeadershipSuite, OneLeadsUntilItReleases) {
  const auto first = world_->process();
  const auto second = world_->process();
  await_lead(*first);
  // It may go over to one that comes.
  bool first_leads = false;
  ASSERT_TRUE(eventually("one leads, and the other knows that", [&] {
    const Result<bool> a = first->hold("janitor", kTtl, {});
    const Result<bool> b = second->hold("janitor", kTtl, {});
    first_leads = a.ok() && *a;
    return a.ok() && b.ok() && *a != *b;
  }));
  ASSERT_TRUE((first_leads ? first : second)->release("janitor", {}).ok());
  await_lead(*(first_leads ? second : first));
}

TEST_P(LeadershipSuite, AnotherRoleIsAnotherLead) {
  const auto first = world_->process();
  const auto second = world_->process();
  await_lead(*first, "janitor");
  await_lead(*second, "metrics");
  EXPECT_TRUE(leads(*first, "janitor"));
}

TEST_P(LeadershipSuite, ReleasingWhatOneHasNotDoesNothing) {
  const auto first = world_->process();
  const auto second = world_->process();
  await_lead(*first);
  EXPECT_TRUE(second->release("janitor", {}).ok());
  EXPECT_TRUE(leads(*first));
}

TEST_P(LeadershipSuite, ALeaderThatCannotRenewStopsAndComesBack) {
  if (!world_->can_hang()) GTEST_SKIP() << "the server is not the test's own";
  const auto leader = world_->process();
  await_lead(*leader);
  world_->hang();
  EXPECT_TRUE(eventually("it does not lead any more", [&] { return !leads(*leader); }));
  world_->come_back();
  await_lead(*leader);
}

}  // namespace thumbmill
