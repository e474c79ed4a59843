// What the parts of the queue on Kafka make of a cluster that fails or changes, on librdkafka's
// mock of one. What the mock cannot do, such as making topics, is in tests/kafka.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/eventually.h"
#include "fakes/kafka_cluster.h"
#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "fakes/sim_clock.h"
#include "queue/kafka/kafka_leadership.h"
#include "queue/kafka/kafka_queue.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kTtl = 600s;

KafkaOptions options_of(const KafkaCluster& cluster) {
  return parse_kafka_url(cluster.url()).value();
}

/// Real time, but nobody waits for it, and those who would are counted.
class CountingClock final : public Clock {
 public:
  SteadyTime now() const override { return clock_.now(); }
  WallTime wall_now() const override { return clock_.wall_now(); }
  bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv, SteadyTime,
                  const std::function<bool()>& ready) override {
    ++waits_;
    return clock_.wait_until(lock, cv, clock_.now() + 1ms, ready);
  }
  int waits() const { return waits_; }

 private:
  SystemClock clock_;
  std::atomic<int> waits_ = 0;
};

TEST(KafkaLeaders, AreAskedForAgainAfterAChange) {
  KafkaCluster cluster(1, 2);
  cluster.set_leader_of_jobs(1);
  SimClock clock;  // so that the test decides when a figure is too old to be given again
  NoLogger log;
  const auto queue = KafkaQueue::open(options_of(cluster), clock, log).value();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  EXPECT_EQ(queue->depth({}).value().ready, 1u);
  cluster.set_leader_of_jobs(2);
  clock.advance(1h);
  const Result<QueueDepth> depth = queue->depth({});
  ASSERT_TRUE(depth.ok()) << depth.status().to_string();
  EXPECT_EQ(depth->ready, 1u);
}

TEST(KafkaLeaders, AreAskedForAgainByTheSweep) {
  KafkaCluster cluster(1, 2);
  cluster.set_leader_of_jobs(1);
  SimClock clock;
  NoLogger log;
  const auto queue = KafkaQueue::open(options_of(cluster), clock, log).value();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  EXPECT_TRUE(queue->find("a", {}).value().has_value());
  cluster.set_leader_of_jobs(2);
  clock.advance(1h);
  const auto found = queue->find("a", {});
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_TRUE(found->has_value());
}

TEST(KafkaLeaders, ThatAreAwayMakeTheQueueUnusable) {
  KafkaCluster cluster(1, 2);
  cluster.set_leader_of_jobs(1);
  SystemClock clock;
  NoLogger log;
  const auto queue = KafkaQueue::open(options_of(cluster), clock, log).value();
  EXPECT_TRUE(queue->check({}).ok());
  cluster.set_leader_of_jobs(0);
  EXPECT_THAT(queue->check({}).to_string(), HasSubstr("1 of 1 partitions of thumbmill.jobs"));
  cluster.set_leader_of_jobs(2);
  EXPECT_TRUE(queue->check({}).ok());
}

TEST(KafkaConsumer, RestsBetweenQuestionsThatFail) {
  KafkaCluster cluster(1);
  SystemClock clock;
  NoLogger log;
  const auto api = KafkaQueue::open(options_of(cluster), clock, log).value();
  ASSERT_TRUE(api->enqueue("a", {}).ok());
  constexpr int kFailures = 5;
  cluster.fail_requests(kafka_request::kListOffsets, kFailures,
                        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  CountingClock counting;
  const auto worker = KafkaQueue::open(options_of(cluster), counting, log).value();
  std::vector<Lease> leases;
  ASSERT_TRUE(eventually("the worker has the job", [&] {
    // Waits for nothing itself: the deadline has passed.
    leases = worker->lease(1, kTtl, 0ms, {}).value();
    return !leases.empty();
  }));
  EXPECT_GE(counting.waits(), kFailures);
}

// A process that is alone takes its partitions itself.
TEST(KafkaConsumer, TakesPartitionsAgainAfterAFailure) {
  KafkaCluster cluster(2);
  SystemClock clock;
  NoLogger log;
  const auto queue = KafkaQueue::open(options_of(cluster), clock, log, {.alone = true}).value();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  cluster.fail_requests(kafka_request::kListOffsets, 100,
                        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_EQ(queue->lease(1, kTtl, 0ms, {}).status().code(), Code::unavailable);
  cluster.stop_failing(kafka_request::kListOffsets);
  EXPECT_EQ(queue->lease(1, kTtl, 0ms, {}).value().size(), 1u);
}

TEST(KafkaLeadership, IsUnknownUntilItHasJoined) {
  KafkaCluster cluster(1);
  SystemClock clock;
  NoLogger log;
  KafkaLeadership leadership(options_of(cluster), clock, log);
  cluster.fail_requests(kafka_request::kFindCoordinator, 1'000,
                        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  EXPECT_EQ(leadership.hold("janitor", 6s, {}).status().code(), Code::unavailable);
  EXPECT_EQ(leadership.hold("janitor", 6s, {}).status().code(), Code::unavailable);
  cluster.stop_failing(kafka_request::kFindCoordinator);
  EXPECT_TRUE(eventually("it leads", [&] {
    const Result<bool> held = leadership.hold("janitor", 6s, {});
    return held.ok() && *held;
  }));
}

TEST(KafkaFailures, SayWhy) {
  SystemClock clock;
  NoLogger log;
  const std::string url = "kafka://127.0.0.1:" + std::to_string(free_port());
  const auto queue = KafkaQueue::open(parse_kafka_url(url).value(), clock, log).value();
  EXPECT_THAT(queue->check({.deadline = clock.now() + 1s}).to_string(),
              HasSubstr("Connection refused"));
}

TEST(KafkaLogin, ByScramNeedsALibrdkafkaThatKafka4Understands) {
  KafkaOptions options =
      parse_kafka_url("kafka://me:secret@x?security=sasl_ssl&mechanism=SCRAM-SHA-512").value();
  const Status old = check_kafka_login(options, 0x020002ff);
  EXPECT_EQ(old.code(), Code::invalid_argument);
  EXPECT_THAT(old.to_string(), HasSubstr("needs librdkafka 2.6.1, and this one is 2.0.2"));
  EXPECT_THAT(old.to_string(), Not(HasSubstr("secret")));
  EXPECT_TRUE(check_kafka_login(options, 0x020601ff).ok());
  options.mechanism = "PLAIN";
  EXPECT_TRUE(check_kafka_login(options, 0x020002ff).ok());
}

TEST(KafkaLogin, IsCheckedAtTheStart) {
  SystemClock clock;
  NoLogger log;
  const KafkaOptions options =
      parse_kafka_url("kafka://me:secret@x?security=sasl_plaintext&mechanism=SCRAM-SHA-256")
          .value();
  EXPECT_EQ(KafkaQueue::open(options, clock, log).status().code(),
            check_kafka_login(options, rd_kafka_version()).code());
}

}  // namespace
}  // namespace thumbmill
