#include "service/lease_keeper.h"

#include <thread>

#include "unit/service/harness.h"

namespace thumbmill {
namespace {

using std::chrono::seconds;

class LeaseKeeperTest : public ServiceTest {
 protected:
  std::shared_ptr<HeldLease> hold() {
    accept();
    return keeper.hold(std::move(queue.lease(1, kTimes.ttl, {}, {}).value().front()));
  }

  static void await_stop(const HeldLease& held) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait(lock, held.interruptible().stop, [] { return false; });
  }

  static constexpr LeaseTimes kTimes{seconds(30), seconds(10), seconds(20)};
  LeaseKeeper keeper{kTimes, clock, log};
};

TEST_F(LeaseKeeperTest, RenewsInTime) {
  const auto held = hold();
  for (std::size_t i = 1; i <= 10; ++i) {
    clock.advance(seconds(10));
    queue.await_extends(i);
  }
  EXPECT_TRUE(held->live().ok());
  EXPECT_EQ(queued(held->id())->state, QueuedState::running);
  EXPECT_TRUE(held->lease().ack({}).ok());
}

TEST_F(LeaseKeeperTest, TriesAgainWhileTheQueueIsAwayForAMoment) {
  const auto held = hold();
  queue.fail_extends(Status(Code::unavailable, "away"));
  clock.advance(seconds(10));
  ASSERT_TRUE(eventually("a renewal has failed",
                         [&] { return log.count(LogLevel::warning, "not renewed") > 0; }));
  queue.fail_extends(Status());
  clock.advance(seconds(1));
  // The queue knows of a renewal a moment before the lease does.
  ASSERT_TRUE(eventually("the lease is renewed",
                         [&] { return held->valid_until() == clock.now() + kTimes.patience; }));
  clock.advance(seconds(9));
  EXPECT_TRUE(held->live().ok());
  EXPECT_FALSE(held->cancelled());
}

TEST_F(LeaseKeeperTest, LosesALeaseThatIsNotRenewedBeforeTheQueueDoes) {
  const auto held = hold();
  queue.fail_extends(Status(Code::unavailable, "away"));
  clock.advance(seconds(20));
  await_stop(*held);
  EXPECT_EQ(held->live().code(), Code::lease_lost);
  EXPECT_EQ(held->fenced().status().code(), Code::lease_lost);
  EXPECT_EQ(queued(held->id())->state, QueuedState::running);
}

TEST_F(LeaseKeeperTest, LosesALeaseThatTheQueueTookAway) {
  const auto held = hold();
  queue.wipe();
  EXPECT_TRUE(held->live().ok());
  clock.advance(seconds(10));
  await_stop(*held);
  EXPECT_EQ(held->live().code(), Code::lease_lost);
}

TEST_F(LeaseKeeperTest, TheFenceNeedsNoThreadToFall) {
  const auto held = hold();
  EXPECT_EQ(held->fenced().value().deadline, clock.now() + kTimes.patience);
  accept();
  HeldLease unkept(std::move(queue.lease(1, kTimes.ttl, {}, {}).value().front()), kTimes, clock);
  clock.advance(seconds(19));
  EXPECT_TRUE(unkept.live().ok());
  clock.advance(seconds(1));
  EXPECT_EQ(unkept.live().code(), Code::lease_lost);
}

TEST_F(LeaseKeeperTest, RenewsNoLeaseThatIsSettledOrDropped) {
  auto settled = hold();
  ASSERT_TRUE(settled->lease().ack({}).ok());
  hold().reset();
  const auto held = hold();
  clock.advance(seconds(10));
  queue.await_extends(1);
  clock.advance(seconds(10));
  queue.await_extends(2);
  EXPECT_EQ(queue.extends(), 2u);
  EXPECT_FALSE(settled->cancelled());
}

}  // namespace
}  // namespace thumbmill
