// What others write into the topics of a KafkaQueue holds up no job. On librdkafka's mock cluster.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/kafka_cluster.h"
#include "fakes/quiet.h"
#include "fakes/sim_clock.h"
#include "kafka/producer.h"
#include "queue/kafka/kafka_queue.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::IsEmpty;

class KafkaForeignTest : public ::testing::Test {
 protected:
  // So many unfinished records of a partition are read, and then no more.
  static constexpr int kMostUnfinished = 64;
  static constexpr auto kTtl = 600s;

  void open(KafkaQueueTuning tuning = {}) {
    tuning.alone = true;
    queue_ = KafkaQueue::open(options_, clock_, log_, tuning).value();
    ASSERT_TRUE(queue_->check({}).ok());
  }

  void write(std::string_view topic, std::string_view key, std::chrono::milliseconds delay,
             int count = 1) {
    const KafkaHeaders headers{{"due", std::to_string(to_unix_ms(clock_.wall_now() + delay))}};
    for (int i = 0; i < count; ++i) {
      const Status written = producer_->publish(options_.name(topic), key, headers, {});
      ASSERT_TRUE(written.ok()) << written.to_string();
    }
  }

  void enqueue_delayed(const std::string& id, std::chrono::milliseconds delay) {
    ASSERT_TRUE(queue_->enqueue(id, {}).ok());
    auto leases = queue_->lease(1, kTtl, 0ms, {}).value();
    ASSERT_EQ(leases.size(), 1u);
    ASSERT_TRUE(leases[0].retry(delay, Code::internal, AttemptCost::counted, {}).ok());
  }

  // The ids of all that is ready, acked.
  std::multiset<std::string> work() {
    std::multiset<std::string> done;
    for (auto leases = queue_->lease(9, kTtl, 0ms, {}).value(); !leases.empty();
         leases = queue_->lease(9, kTtl, 0ms, {}).value()) {
      for (Lease& lease : leases) {
        EXPECT_TRUE(lease.ack({}).ok());
        done.insert(lease.id());
      }
    }
    return done;
  }

  KafkaCluster cluster_{1};
  const KafkaOptions options_ = parse_kafka_url(cluster_.url()).value();
  SimClock clock_;
  NoLogger log_;
  const std::unique_ptr<KafkaProducer> producer_ = KafkaProducer::open(options_, clock_).value();
  std::unique_ptr<KafkaQueue> queue_;
};

TEST_F(KafkaForeignTest, NoRecordOfJobsIsDelayed) {
  open();
  write("jobs", "theirs", 23h, kMostUnfinished);
  ASSERT_TRUE(queue_->enqueue("ours", {}).ok());
  EXPECT_EQ(queue_->find("theirs", {}).value()->state, QueuedState::ready);
  EXPECT_THAT(work(), Contains("ours"));
}

TEST_F(KafkaForeignTest, NoRecordOfATierIsDelayedLongerThanTheTier) {
  open();
  write("retry.10s", "theirs", 23h, kMostUnfinished);
  enqueue_delayed("ours", 5s);
  EXPECT_THAT(work(), IsEmpty());
  clock_.advance(10s);
  EXPECT_THAT(work(), Contains("ours"));
}

TEST_F(KafkaForeignTest, TheLastTierDelaysAsLongAsOurOwnJobsMay) {
  open({.longest_delay = 1h});
  write("retry.10m", "theirs", 23h);
  enqueue_delayed("ours", 30min);
  clock_.advance(30min - 1ms);
  EXPECT_THAT(work(), IsEmpty());
  clock_.advance(1ms);
  EXPECT_EQ(work(), std::multiset<std::string>{"ours"});
  clock_.advance(30min);
  EXPECT_EQ(work(), std::multiset<std::string>{"theirs"});
}

TEST_F(KafkaForeignTest, OnlyTheBeginningOfALongKeyIsKept) {
  open();
  const std::string key(100'000, 'x');
  for (const char* topic : {"jobs", "dead"}) {
    write(topic, key, 0ms);
    EXPECT_FALSE(queue_->find(key, {}).value().has_value()) << topic;
    EXPECT_TRUE(queue_->find(key.substr(0, kMostIdBytes), {}).value().has_value()) << topic;
  }
  EXPECT_THAT(work(), Contains(key.substr(0, kMostIdBytes)));
}

// Nobody commits anything of that topic, which forgets by age; the mock of it, by size.
TEST_F(KafkaForeignTest, DeadLettersThatTheTopicForgetsAreForgotten) {
  open();
  write("dead", "old", 0ms);
  std::optional<QueuedJob> found = queue_->find("old", {}).value();
  ASSERT_TRUE(found.has_value());
  for (int i = 0; i < 8; ++i) {
    write("dead", std::string(900'000, 'x'), 0ms);
    found = queue_->find("old", {}).value();  // so that each record is read before it goes
  }
  EXPECT_FALSE(found.has_value());
}

}  // namespace
}  // namespace thumbmill
