// What every JobQueue must do: the contract of queue/job_queue.h as tests, on a simulated clock.
// job_queue_test.cc instantiates JobQueueSuite for every implementation.
#pragma once

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/sim_clock.h"
#include "queue/job_queue.h"

namespace thumbmill {

/// A queue under test with whatever it needs to live.
struct QueueUnderTest {
  std::shared_ptr<void> surroundings;  // owned together with the queue, and outliving it
  std::unique_ptr<JobQueue> queue;
  /// Writes what others may put where the queue keeps its jobs, past the queue.
  std::function<void()> write_foreign = {};
};

struct QueueFactory {
  std::string name;
  std::function<QueueUnderTest(SimClock&)> make;
};

inline void PrintTo(const QueueFactory& factory, std::ostream* out) { *out << factory.name; }

class JobQueueSuite : public ::testing::TestWithParam<QueueFactory> {
 protected:
  static constexpr std::chrono::seconds kTtl{30};

  JobQueueSuite() : under_test_(GetParam().make(clock_)), queue_(*under_test_.queue) {}

  void enqueue(const std::string& id) { EXPECT_TRUE(queue_.enqueue(id, {}).value()) << id; }
  std::vector<Lease> lease(std::size_t most) {
    auto leases = queue_.lease(most, kTtl, std::chrono::milliseconds(0), {});
    EXPECT_TRUE(leases.ok()) << leases.status().to_string();
    return std::move(leases).value();
  }
  Lease lease_one() {
    std::vector<Lease> leases = lease(1);
    EXPECT_EQ(leases.size(), 1u);
    return std::move(leases.at(0));
  }
  std::optional<QueuedState> state(const std::string& id) {
    const auto job = queue_.find(id, {}).value();
    return job ? std::optional(job->state) : std::nullopt;
  }
  static std::vector<std::string> ids(const std::vector<Lease>& leases) {
    std::vector<std::string> found;
    for (const Lease& lease : leases) found.push_back(lease.id());
    return found;
  }

  SimClock clock_;
  QueueUnderTest under_test_;
  JobQueue& queue_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(JobQueueSuite, DeliversOldestFirstUpToTheNumberAskedFor) {
  for (const char* id : {"a", "b", "c"}) {
    enqueue(id);
    clock_.advance(std::chrono::milliseconds(1));
  }
  EXPECT_THAT(ids(lease(2)), ElementsAre("a", "b"));
  EXPECT_THAT(ids(lease(2)), ElementsAre("c"));
  EXPECT_THAT(lease(2), IsEmpty());
}

TEST_P(JobQueueSuite, EnqueueChangesNothingThatIsOnItsWay) {
  if (!queue_.traits().unique) GTEST_SKIP() << "traits().unique: a job may be there twice";
  enqueue("ready");
  EXPECT_FALSE(queue_.enqueue("ready", {}).value());
  Lease running = lease_one();
  EXPECT_FALSE(queue_.enqueue("ready", {}).value());
  ASSERT_TRUE(
      running.retry(std::chrono::seconds(5), Code::internal, AttemptCost::counted, {}).ok());
  EXPECT_FALSE(queue_.enqueue("ready", {}).value());
  EXPECT_EQ(state("ready"), QueuedState::delayed);
}

TEST_P(JobQueueSuite, EnqueueRevivesADeadLetterWithItsAttemptsForgotten) {
  enqueue("a");
  Lease lease = lease_one();
  ASSERT_TRUE(lease.bury(Code::corrupt_input, {}).ok());
  EXPECT_EQ(state("a"), QueuedState::dead);
  EXPECT_THAT(this->lease(1), IsEmpty());
  EXPECT_TRUE(queue_.enqueue("a", {}).value());
  const Lease again = lease_one();
  EXPECT_EQ(again.attempt(), 1);
  EXPECT_EQ(again.last_failure(), Code::ok);
}

TEST_P(JobQueueSuite, AckTakesTheJobOff) {
  enqueue("a");
  Lease lease = lease_one();
  EXPECT_EQ(lease.attempt(), 1);
  ASSERT_TRUE(lease.ack({}).ok());
  EXPECT_TRUE(lease.settled());
  EXPECT_EQ(state("a"), std::nullopt);
  EXPECT_TRUE(queue_.enqueue("a", {}).value()) << "as if it had never been there";
}

TEST_P(JobQueueSuite, ALeaseThatRanOutIsDeliveredAgainAndLost) {
  enqueue("a");
  Lease first = lease_one();
  clock_.advance(kTtl - std::chrono::milliseconds(1));
  EXPECT_THAT(lease(1), IsEmpty());
  clock_.advance(std::chrono::milliseconds(1));
  Lease second = lease_one();
  EXPECT_EQ(second.attempt(), 2) << "a try that nobody finished counts";
  EXPECT_EQ(first.extend(kTtl, {}).code(), Code::lease_lost);
  EXPECT_EQ(first.ack({}).code(), Code::lease_lost);
  EXPECT_EQ(first.retry(std::chrono::seconds(1), Code::internal, AttemptCost::counted, {}).code(),
            Code::lease_lost);
  EXPECT_EQ(first.hand_back({}).code(), Code::lease_lost);
  EXPECT_EQ(first.bury(Code::internal, {}).code(), Code::lease_lost);
  EXPECT_EQ(state("a"), QueuedState::running) << "the lost lease has changed nothing";
  EXPECT_TRUE(second.ack({}).ok());
}

TEST_P(JobQueueSuite, AnExpiredLeaseIsLostEvenWhenNobodyElseHasTheJob) {
  enqueue("a");
  Lease lease = lease_one();
  clock_.advance(kTtl);
  EXPECT_EQ(lease.ack({}).code(), Code::lease_lost);
  EXPECT_EQ(state("a"), QueuedState::ready);
}

TEST_P(JobQueueSuite, ExtendingKeepsALease) {
  enqueue("a");
  Lease lease = lease_one();
  for (int i = 0; i < 10; ++i) {
    clock_.advance(kTtl / 2);
    ASSERT_TRUE(lease.extend(kTtl, {}).ok());
  }
  EXPECT_THAT(this->lease(1), IsEmpty());
  EXPECT_TRUE(lease.ack({}).ok());
}

TEST_P(JobQueueSuite, AStepOfTheCalendarMovesNoLease) {
  enqueue("a");
  Lease lease = lease_one();
  clock_.step_wall(std::chrono::hours(24));
  EXPECT_THAT(this->lease(1), IsEmpty());
  clock_.step_wall(-std::chrono::hours(48));
  enqueue("b");
  EXPECT_THAT(ids(this->lease(2)), ElementsAre("b"));
  EXPECT_TRUE(lease.ack({}).ok());
}

TEST_P(JobQueueSuite, RetryDelaysAndRemembersWhy) {
  enqueue("a");
  Lease first = lease_one();
  ASSERT_TRUE(
      first.retry(std::chrono::seconds(5), Code::decoder_crashed, AttemptCost::counted, {}).ok());
  EXPECT_EQ(state("a"), QueuedState::delayed);
  EXPECT_THAT(lease(1), IsEmpty());
  clock_.advance(std::chrono::seconds(5));
  EXPECT_EQ(state("a"), QueuedState::ready);
  Lease second = lease_one();
  EXPECT_EQ(second.attempt(), 2);
  EXPECT_EQ(second.last_failure(), Code::decoder_crashed);
  ASSERT_TRUE(
      second.retry(std::chrono::milliseconds(0), Code::unavailable, AttemptCost::free, {}).ok());
  EXPECT_EQ(lease_one().attempt(), 2) << "a free try does not count";
}

TEST_P(JobQueueSuite, HandingBackCountsForNothing) {
  enqueue("a");
  Lease first = lease_one();
  ASSERT_TRUE(first.hand_back({}).ok());
  const Lease second = lease_one();
  EXPECT_EQ(second.attempt(), 1);
  EXPECT_EQ(second.last_failure(), Code::ok);
}

TEST_P(JobQueueSuite, ForgetTakesAnythingOffAndLosesTheLease) {
  if (!queue_.traits().forget) GTEST_SKIP() << "traits().forget: none is taken out of the middle";
  enqueue("a");
  Lease lease = lease_one();
  ASSERT_TRUE(queue_.forget("a", {}).ok());
  EXPECT_EQ(lease.ack({}).code(), Code::lease_lost);
  EXPECT_EQ(state("a"), std::nullopt);
  EXPECT_TRUE(queue_.forget("absent", {}).ok());
}

TEST_P(JobQueueSuite, DepthCountsEveryState) {
  if (!queue_.traits().exact_depth) GTEST_SKIP() << "traits().exact_depth: an estimate";
  for (const char* id : {"dead", "delayed", "running", "old", "new"}) {
    enqueue(id);
    clock_.advance(std::chrono::seconds(1));
  }
  std::vector<Lease> leases = lease(3);
  ASSERT_TRUE(leases[0].bury(Code::internal, {}).ok());
  ASSERT_TRUE(
      leases[1].retry(std::chrono::seconds(9), Code::internal, AttemptCost::counted, {}).ok());
  QueueDepth depth = queue_.depth({}).value();
  EXPECT_EQ(depth.dead, 1u);
  EXPECT_EQ(depth.delayed, 1u);
  EXPECT_EQ(depth.running, 1u);
  EXPECT_EQ(depth.ready, 2u);
  EXPECT_EQ(depth.backlog(), 3u);
  EXPECT_EQ(depth.oldest_age, std::chrono::seconds(2)) << "of \"old\"";
  clock_.advance(std::chrono::seconds(9));
  depth = queue_.depth({}).value();
  EXPECT_EQ(depth.delayed, 0u);
  EXPECT_EQ(depth.ready, 3u);
  leases = lease(9);
  EXPECT_EQ(queue_.depth({})->oldest_age, std::nullopt);
}

// One caller's hundreds must not stand before another's one.
TEST_P(JobQueueSuite, CallersTakeTurns) {
  if (!queue_.traits().fair) GTEST_SKIP() << "traits().fair: in the order of enqueuing";
  const auto enqueue_for = [&](const char* caller, int first, int end) {
    for (int i = first; i < end; ++i) {
      const std::string id = std::string(caller) + std::to_string(i + 1000);
      EXPECT_TRUE(queue_.enqueue(id, caller, {}).value()) << id;
    }
  };
  enqueue_for("a", 0, 300);
  EXPECT_THAT(ids(lease(3)), ElementsAre("a1000", "a1001", "a1002"));
  enqueue_for("b", 0, 1);
  EXPECT_THAT(ids(lease(3)), ElementsAre("a1003", "b1000", "a1004"));
  enqueue_for("b", 1, 3);
  enqueue_for("c", 0, 2);
  enqueue_for("a", 300, 302);
  EXPECT_THAT(ids(lease(7)),
              ElementsAre("a1005", "b1001", "c1000", "a1006", "b1002", "c1001", "a1007"));
  const std::vector<std::string> rest = ids(lease(999));
  EXPECT_EQ(rest.size(), 302u - 8);
  EXPECT_TRUE(std::is_sorted(rest.begin(), rest.end())) << "each caller's oldest first";
}

// Else a caller whose jobs fail would have the queue to itself whenever their delays are over.
TEST_P(JobQueueSuite, ADelayedJobBecomesItsCallersLast) {
  if (!queue_.traits().fair) GTEST_SKIP() << "traits().fair: in the order of enqueuing";
  for (const char* id : {"a1", "a2", "a3", "a4"}) EXPECT_TRUE(queue_.enqueue(id, "a", {}).value());
  std::vector<Lease> leases = lease(3);
  ASSERT_EQ(leases.size(), 3u);
  for (const std::size_t i : {0, 1}) {
    ASSERT_TRUE(
        leases[i].retry(std::chrono::seconds(5), Code::internal, AttemptCost::counted, {}).ok());
  }
  for (const char* id : {"b1", "b2"}) EXPECT_TRUE(queue_.enqueue(id, "b", {}).value());
  ASSERT_TRUE(leases[2].hand_back({}).ok());
  clock_.advance(std::chrono::seconds(5));
  const std::vector<std::string> next = ids(lease(9));
  ASSERT_EQ(next.size(), 6u);
  EXPECT_EQ(next[0], "a3") << "it was handed back";
  const auto place = [&](const char* id) { return std::ranges::find(next, id) - next.begin(); };
  EXPECT_LT(place("a4"), place("a1"));
  EXPECT_LT(place("b1"), place("a1"));
  EXPECT_LT(place("b2"), place("a2"));
}

// However long it was away: its share is of the present, not of the past.
TEST_P(JobQueueSuite, ACallerThatComesLateGetsNoMoreThanItsTurns) {
  if (!queue_.traits().fair) GTEST_SKIP() << "traits().fair: in the order of enqueuing";
  const auto enqueue_for = [&](const std::string& caller, int count) {
    static int number = 10'000;
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(queue_.enqueue(caller + std::to_string(number++), caller, {}).value());
    }
  };
  enqueue_for("a", 60);
  Lease kept = lease_one();
  for (Lease& lease : lease(39)) ASSERT_TRUE(lease.ack({}).ok());
  ASSERT_TRUE(kept.hand_back({}).ok()) << "of a round that is long over";
  enqueue_for("b", 20);
  int of_a = 0;
  for (const std::string& id : ids(lease(20))) of_a += id.starts_with('a') ? 1 : 0;
  EXPECT_GE(of_a, 10);
  EXPECT_LE(of_a, 11) << "and the one that was handed back";
}

TEST_P(JobQueueSuite, AWaitingLeaserWakesForANewJob) {
  auto leased = std::async(
      std::launch::async, [&] { return queue_.lease(1, kTtl, std::chrono::hours(1), {}).value(); });
  clock_.await_waiters(1);
  enqueue("a");
  EXPECT_THAT(ids(leased.get()), ElementsAre("a"));
}

TEST_P(JobQueueSuite, AWaitingLeaserWakesForADelayAndForALeaseThatEnds) {
  enqueue("a");
  Lease lease = lease_one();
  ASSERT_TRUE(lease.retry(std::chrono::seconds(5), Code::internal, AttemptCost::counted, {}).ok());
  auto delayed = std::async(
      std::launch::async, [&] { return queue_.lease(1, kTtl, std::chrono::hours(1), {}).value(); });
  clock_.await_waiters(1);
  clock_.advance(std::chrono::seconds(5));
  EXPECT_THAT(ids(delayed.get()), ElementsAre("a"));
  auto expired = std::async(
      std::launch::async, [&] { return queue_.lease(1, kTtl, std::chrono::hours(1), {}).value(); });
  clock_.await_waiters(1);
  clock_.advance(kTtl);
  EXPECT_THAT(ids(expired.get()), ElementsAre("a"));
}

TEST_P(JobQueueSuite, AWaitingLeaserEndsAtItsTimeAndAtAStop) {
  auto waited = std::async(std::launch::async, [&] {
    return queue_.lease(1, kTtl, std::chrono::seconds(2), {}).value();
  });
  clock_.await_waiters(1);
  clock_.advance(std::chrono::seconds(2));
  EXPECT_THAT(waited.get(), IsEmpty());
  std::stop_source stop;
  auto stopped = std::async(std::launch::async, [&] {
    return queue_.lease(1, kTtl, std::chrono::hours(1), {.stop = stop.get_token()});
  });
  clock_.await_waiters(1);
  stop.request_stop();
  const auto leases = stopped.get();
  EXPECT_TRUE(!leases.ok() || leases->empty());
}

TEST_P(JobQueueSuite, ManyWorkersShareTheJobsWithoutAnyTwice) {
  constexpr int kJobs = 400;
  for (int i = 0; i < kJobs; ++i) enqueue("job-" + std::to_string(i));
  std::mutex mutex;
  std::multiset<std::string> seen;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      while (true) {
        std::vector<Lease> leases = lease(3);
        if (leases.empty()) return;
        for (Lease& lease : leases) {
          EXPECT_TRUE(lease.ack({}).ok());
          const std::lock_guard lock(mutex);
          seen.insert(lease.id());
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(seen.size(), std::size_t{kJobs});
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), std::size_t{kJobs});
  if (queue_.traits().exact_depth) {
    EXPECT_EQ(queue_.depth({})->backlog(), 0u);
  }
}

TEST_P(JobQueueSuite, HeedsStopAndDeadline) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(queue_.enqueue("a", {.stop = stop.get_token()}).status().code(), Code::cancelled);
  EXPECT_EQ(queue_.depth({.deadline = SteadyTime::min()}).status().code(), Code::deadline_exceeded);
  EXPECT_EQ(state("a"), std::nullopt);
}

// What is not ours is delivered like a job, for the worker to ignore, or is not looked at.
TEST_P(JobQueueSuite, RecordsOfOthersStandInNobodysWay) {
  under_test_.write_foreign();
  enqueue("ours");
  under_test_.write_foreign();
  std::multiset<std::string> delivered;
  for (int quiet = 0; quiet < 3;) {
    ASSERT_LT(delivered.size(), 100u) << "the same records come again and again";
    std::vector<Lease> leases = lease(5);
    if (leases.empty()) {
      ++quiet;  // delays and leases of others may end
      clock_.advance(std::chrono::minutes(1));
    }
    for (Lease& lease : leases) {
      delivered.insert(lease.id());
      EXPECT_TRUE(lease.ack({}).ok()) << lease.id();
    }
  }
  EXPECT_EQ(delivered.count("ours"), 1u);
  EXPECT_GE(delivered.count("hello"), 1u) << "so that it is counted and named in the log";
  EXPECT_TRUE(queue_.check({}).ok());
  if (queue_.traits().exact_depth) {
    EXPECT_EQ(queue_.depth({})->backlog(), 0u) << "no worker is wanted for them";
  }
  enqueue("later");
  EXPECT_THAT(ids(lease(5)), ElementsAre("later"));
}

TEST_P(JobQueueSuite, AWaitingLeaserSleepsWhileThereAreOnlyRecordsOfOthers) {
  under_test_.write_foreign();
  for (std::vector<Lease> leases = lease(9); !leases.empty(); leases = lease(9)) {
    for (Lease& lease : leases) EXPECT_TRUE(lease.ack({}).ok()) << lease.id();
  }
  auto leased = std::async(
      std::launch::async, [&] { return queue_.lease(1, kTtl, std::chrono::hours(1), {}).value(); });
  clock_.await_waiters(1);
  enqueue("ours");
  EXPECT_THAT(ids(leased.get()), ElementsAre("ours"));
}

TEST_P(JobQueueSuite, IsUsable) { EXPECT_TRUE(queue_.check({}).ok()); }

}  // namespace thumbmill
