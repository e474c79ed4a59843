// What comes in, what ends, and how many workers that takes.
#include "service/workload.h"

#include <gtest/gtest.h>

#include "fakes/sim_clock.h"
#include "notify/local/local_notifier.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WorkloadTest : public ::testing::Test {
 protected:
  void arrive(int count, int attempt = 0) {
    for (int i = 0; i < count; ++i) {
      notifier_.publish({.id = "a", .state = JobState::queued, .attempt = attempt});
    }
  }
  void end(int count, milliseconds worker_time, JobState state = JobState::done) {
    for (int i = 0; i < count; ++i) {
      notifier_.publish({.id = "a", .state = state, .attempt = 1, .worker_time = worker_time});
    }
  }
  void put_off(int count, milliseconds worker_time) {
    for (int i = 0; i < count; ++i) {
      notifier_.publish(
          {.id = "a", .state = JobState::queued, .attempt = 1, .worker_time = worker_time});
    }
  }
  double desired(std::uint64_t ready, std::uint64_t running = 0) const {
    QueueDepth depth;
    depth.ready = ready;
    depth.running = running;
    return workload_.workers_desired(depth);
  }

  SimClock clock_;
  LocalNotifier notifier_;
  Workload workload_{notifier_, clock_, seconds(30)};
};

TEST_F(WorkloadTest, NothingToDoTakesNobody) {
  EXPECT_EQ(desired(0), 0);
  end(1, milliseconds(100));
  EXPECT_EQ(desired(0), 0);
}

TEST_F(WorkloadTest, OneFindsOutWhatAJobCosts) {
  EXPECT_EQ(desired(1000), 1);
  arrive(100);
  EXPECT_EQ(desired(0), 1);
}

TEST_F(WorkloadTest, TheBacklogIsWorkedOffInTheDrainTarget) {
  end(10, milliseconds(100));  // ten a second
  EXPECT_NEAR(desired(900, 300), 1200 / (10.0 * 30), 1e-9);
}

TEST_F(WorkloadTest, ArrivalsAreKeptUpWithAtFourFifthsOfTheLoad) {
  clock_.advance(seconds(600));
  end(10, milliseconds(100));
  arrive(1200);  // in a minute
  EXPECT_NEAR(workload_.arrivals_per_second(), 20, 1e-9);
  EXPECT_NEAR(desired(0), 20 / (0.8 * 10), 1e-9);
  clock_.advance(Workload::kArrivalWindow);
  EXPECT_EQ(workload_.arrivals_per_second(), 0);
  EXPECT_EQ(desired(0), 0);
}

TEST_F(WorkloadTest, AJobThatIsPutBackHasNotComeInAgain) {
  arrive(5, 1);
  EXPECT_EQ(workload_.arrivals_per_second(), 0);
}

TEST_F(WorkloadTest, ATryThatIsPutOffCostsAsMuchAsOneThatEndsItsJob) {
  end(1000, milliseconds(6));
  put_off(2000, seconds(10));
  clock_.advance(Workload::kArrivalWindow);
  EXPECT_NEAR(desired(90), 10 * 90 / 30.0, 0.01) << "though no such job has ended yet";
}

TEST_F(WorkloadTest, AJobThatTakesTwoTriesTakesWorkersForBoth) {
  clock_.advance(seconds(600));
  arrive(60);  // in a minute
  put_off(60, seconds(10));
  end(60, seconds(10), JobState::failed);
  EXPECT_NEAR(workload_.arrivals_per_second(), 1, 1e-9) << "of jobs";
  EXPECT_NEAR(desired(0), 2 * 10 / 0.8, 1e-9) << "of tries";
  EXPECT_NEAR(desired(30), 2 * 10 / 0.8 + 10 * 30 / 30.0, 1e-9);
}

TEST_F(WorkloadTest, AJobThatIsPutBackUntriedCostsNothing) {
  end(10, milliseconds(100));
  clock_.advance(Workload::kArrivalWindow);
  put_off(60, milliseconds(0));
  EXPECT_EQ(desired(0), 0);
  EXPECT_NEAR(desired(60), 0.1 * 60 / 30, 1e-9);
}

TEST_F(WorkloadTest, TheCostFollowsTheLastJobsAndIsKept) {
  end(1000, milliseconds(100));
  end(2000, milliseconds(500), JobState::failed);
  EXPECT_NEAR(desired(60), 0.5 * 60 / 30, 0.01);
  clock_.advance(std::chrono::hours(5));
  EXPECT_NEAR(desired(60), 0.5 * 60 / 30, 0.01);
}

TEST_F(WorkloadTest, RatesAreOfTheWindowOrOfAYoungProcessesAge) {
  end(10, milliseconds(1));
  EXPECT_NEAR(workload_.ended_per_second().value(), 1, 1e-9) << "at least one slot's length";
  clock_.advance(seconds(20));
  EXPECT_NEAR(workload_.ended_per_second().value(), 0.5, 1e-9);
  clock_.advance(Workload::kWindow);
  EXPECT_EQ(workload_.ended_per_second(), std::nullopt);
}

}  // namespace
}  // namespace thumbmill
