// What several processes see of one KafkaQueue, by the real protocol of consumer groups, on
// librdkafka's mock cluster.
#include "queue/kafka/kafka_queue.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/kafka_cluster.h"
#include "fakes/quiet.h"
#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KafkaQueueTest : public ::testing::Test {
 protected:
  static constexpr int kPartitions = 4;
  static constexpr seconds kTtl{600};

  std::unique_ptr<KafkaQueue> open() {
    // The mock lets those who come wait for nearly a session.
    return KafkaQueue::open(parse_kafka_url(cluster_.url()).value(), clock_, log_,
                            {.session = seconds(6)})
        .value();
  }

  // The ids of the next `count` jobs, all acked.
  static std::multiset<std::string> work(JobQueue& queue, std::size_t count) {
    std::multiset<std::string> done;
    while (done.size() < count) {
      auto leases = queue.lease(count - done.size(), kTtl, kTtl, {}).value();
      for (Lease& lease : leases) {
        EXPECT_TRUE(lease.ack({}).ok());
        done.insert(lease.id());
      }
    }
    return done;
  }

  std::multiset<std::string> enqueue(JobQueue& queue, const std::string& name, int count) {
    std::multiset<std::string> ids;
    for (int i = 0; i < count; ++i) ids.insert(name + std::to_string(i));
    for (const std::string& id : ids) EXPECT_TRUE(queue.enqueue(id, {}).ok());
    return ids;
  }

  KafkaCluster cluster_{kPartitions};
  SystemClock clock_;
  NoLogger log_;
};

TEST_F(KafkaQueueTest, AnotherMemberOfTheGroupGoesOnWhereOneLeft) {
  auto api = open();
  const auto ids = enqueue(*api, "a", 20);
  auto first = open();
  const auto done_first = work(*first, 8);
  first.reset();
  auto second = open();
  auto done = work(*second, 12);
  done.insert(done_first.begin(), done_first.end());
  EXPECT_EQ(done, ids) << "nothing lost, and what was acked is not delivered again";
}

TEST_F(KafkaQueueTest, AMemberThatLeavesHandsOverWhatItHasNotFinished) {
  auto api = open();
  const auto ids = enqueue(*api, "a", 6);
  auto first = open();
  std::vector<Lease> leases;
  while (leases.size() < 6) {
    auto more = first->lease(6, kTtl, kTtl, {}).value();
    std::move(more.begin(), more.end(), std::back_inserter(leases));
  }
  leases.clear();
  first.reset();
  auto second = open();
  std::multiset<std::string> again;
  while (again.size() < 6) {
    for (Lease& lease : second->lease(6, kTtl, kTtl, {}).value()) {
      EXPECT_EQ(lease.attempt(), 1) << "leaving is not a try that failed";
      EXPECT_TRUE(lease.ack({}).ok());
      again.insert(lease.id());
    }
  }
  EXPECT_EQ(again, ids);
}

TEST_F(KafkaQueueTest, WorkersThatComeWhileOthersWorkTakeTheirShare) {
  auto api = open();
  auto first = open();
  enqueue(*api, "a", 8);
  work(*first, 8);
  auto second = open();
  // The second has its share of the partitions once a job reaches it; until then all go to the
  // first.
  std::multiset<std::string> begun;
  std::set<std::string> ended;  // some come twice, as docs/formats/queue-kafka.md says
  std::size_t of_second = 0;
  for (int round = 0; of_second == 0; ++round) {
    begun.merge(enqueue(*api, "b" + std::to_string(round) + ".", 8));
    while (!std::includes(ended.begin(), ended.end(), begun.begin(), begun.end())) {
      for (JobQueue* queue :
           {static_cast<JobQueue*>(first.get()), static_cast<JobQueue*>(second.get())}) {
        for (Lease& lease : queue->lease(8, kTtl, milliseconds(50), {}).value()) {
          if (!lease.ack({}).ok()) continue;  // given to another member, and comes again
          if (queue == second.get()) ++of_second;
          ended.insert(lease.id());
        }
      }
    }
  }
  EXPECT_TRUE(std::includes(ended.begin(), ended.end(), begun.begin(), begun.end()));
}

TEST_F(KafkaQueueTest, MembersThatLeaveWhileTheGroupSettlesLeaveQuietly) {
  auto api = open();
  enqueue(*api, "a", 4);
  // Each leaves at another moment of joining: librdkafka aborts at some where it is let.
  for (int round = 0; round < 12; ++round) {
    auto first = open();
    auto second = open();
    std::ignore = first->lease(1, kTtl, milliseconds(40 * round), {});
    std::ignore = second->lease(1, kTtl, milliseconds(1), {});
  }
  EXPECT_EQ(api->depth({}).value().backlog(), 4u);
}

TEST_F(KafkaQueueTest, FindKnowsTheBacklogWithoutBeingAWorker) {
  auto api = open();
  enqueue(*api, "a", 3);
  auto janitor = open();
  EXPECT_TRUE(janitor->find("a1", {}).value().has_value());
  EXPECT_FALSE(janitor->find("b", {}).value().has_value());
  const QueueDepth depth = janitor->depth({}).value();
  EXPECT_EQ(depth.ready, 3u);
  EXPECT_EQ(depth.running, 0u);
}

TEST_F(KafkaQueueTest, FindForgetsWhatAWorkerHasFinished) {
  auto api = open();
  enqueue(*api, "a", 3);
  EXPECT_TRUE(api->find("a1", {}).value().has_value());
  auto worker = open();
  work(*worker, 3);
  worker.reset();  // commits
  auto janitor = open();
  EXPECT_FALSE(janitor->find("a1", {}).value().has_value());
  EXPECT_EQ(janitor->depth({}).value().backlog(), 0u);
}

TEST_F(KafkaQueueTest, DelaysFindTheirTier) {
  auto queue = open();
  enqueue(*queue, "a", 1);
  std::vector<Lease> leases = queue->lease(1, kTtl, kTtl, {}).value();
  ASSERT_EQ(leases.size(), 1u);
  ASSERT_TRUE(leases[0].retry(seconds(61), Code::internal, AttemptCost::counted, {}).ok());
  const auto found = queue->find("a0", {}).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->state, QueuedState::delayed);
  EXPECT_EQ(found->attempts, 1);
  EXPECT_EQ(queue->depth({}).value().delayed, 1u);
}

TEST_F(KafkaQueueTest, StartsWithoutTheClusterAndIsUnavailable) {
  cluster_.set_away(true);
  auto queue = open();
  const OpContext soon{.deadline = clock_.now() + milliseconds(200)};
  EXPECT_FALSE(queue->enqueue("a", soon).ok());
  EXPECT_EQ(queue->check({.deadline = clock_.now() + milliseconds(200)}).code(), Code::unavailable);
  cluster_.set_away(false);
  while (!queue->check({}).ok()) continue;
  EXPECT_TRUE(queue->enqueue("a", {}).ok());
}

}  // namespace
}  // namespace thumbmill
