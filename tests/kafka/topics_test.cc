// Topics on a real Kafka: made, deleted, grown and set otherwise while processes run.
#include <set>

#include <gmock/gmock.h>

#include "fakes/eventually.h"
#include "fakes/quiet.h"
#include "fakes/recording_logger.h"
#include "kafka/brokers.h"
#include "queue/kafka/kafka_leadership.h"
#include "queue/kafka/kafka_queue.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr auto kTtl = 600s;

/// Processes that share the topics of one prefix.
class KafkaTopicsTest : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT(one_broker()); }

  KafkaOptions options() const {
    return parse_kafka_url(kafka_url(kafka_->servers(), prefix_, "partitions=3")).value();
  }
  std::unique_ptr<KafkaQueue> open() {
    return KafkaQueue::open(options(), clock_, log_, {.session = 6s}).value();
  }
  std::string topic(const std::string& name) const { return prefix_ + "." + name; }

  /// As a service does it: again until it is accepted.
  ::testing::AssertionResult enqueue(JobQueue& queue, const std::string& id) {
    std::string last;
    const auto accepted = eventually(
        "job " + id + " is accepted",
        [&] {
          const Result<bool> answer = queue.enqueue(id, {});
          last = answer.ok() ? "" : answer.status().to_string();
          return answer.ok();
        },
        60s);
    return accepted ? accepted
                    : ::testing::AssertionFailure() << accepted.message() << ": " << last;
  }
  ::testing::AssertionResult work_off(JobQueue& worker, std::set<std::string> ids) {
    const std::size_t all = ids.size();
    const auto done = eventually(
        "all jobs are worked on",
        [&] {
          Result<std::vector<Lease>> leases = worker.lease(8, kTtl, 200ms, {});
          if (!leases.ok()) return false;
          for (Lease& lease : *leases) {
            ids.erase(lease.id());
            static_cast<void>(lease.ack({}));  // may be another member's by now
          }
          return ids.empty();
        },
        90s);
    if (done) return done;
    return ::testing::AssertionFailure()
           << done.message() << ": " << ids.size() << " of " << all << " are left";
  }
  ::testing::AssertionResult counts(JobQueue& queue, std::uint64_t backlog) {
    std::string last;
    const auto counted = eventually("the backlog is " + std::to_string(backlog), [&] {
      const Result<QueueDepth> depth = queue.depth({});
      last = depth.ok() ? std::to_string(depth->backlog()) : depth.status().to_string();
      return depth.ok() && depth->backlog() == backlog;
    });
    return counted ? counted : ::testing::AssertionFailure() << counted.message() << ": " << last;
  }
  static std::set<std::string> names(const std::string& name, int count) {
    std::set<std::string> ids;
    for (int i = 0; i < count; ++i) ids.insert(name + std::to_string(i));
    return ids;
  }
  void enqueue_all(JobQueue& queue, const std::set<std::string>& ids) {
    for (const std::string& id : ids) ASSERT_TRUE(enqueue(queue, id));
  }

  void delete_jobs_while_running();

  const RealKafka* kafka_ = &one_broker();
  const std::string prefix_ = new_kafka_prefix();
  SystemClock clock_;
  RecordingLogger log_;
};

TEST_F(KafkaTopicsTest, AreMadeWithSettingsOfTheirOwn) {
  const auto queue = open();
  ASSERT_TRUE(queue->check({}).ok());
  KafkaAdmin admin(kafka_->servers());
  for (const char* name : {"jobs", "retry.10s", "retry.1m", "retry.10m", "dead"}) {
    EXPECT_EQ(admin.setting(topic(name), "cleanup.policy"), "delete") << name;
    EXPECT_EQ(admin.setting(topic(name), "retention.ms"), "604800000") << name;
  }
  EXPECT_EQ(admin.partitions(topic("jobs")), 3);
  EXPECT_EQ(admin.partitions(topic("dead")), 1);
  EXPECT_TRUE(log_.warnings().empty());
}

TEST_F(KafkaTopicsTest, OfOthersAreLeftAndJudged) {
  KafkaAdmin admin(kafka_->servers());
  admin.make_topic(topic("jobs"), 1, {{"cleanup.policy", "compact"}, {"retention.ms", "60000"}});
  const auto queue = open();
  ASSERT_TRUE(eventually("it is usable", [&] { return queue->check({}).ok(); }));
  EXPECT_THAT(log_.warnings(), Contains(HasSubstr("is compacted")));
  EXPECT_THAT(log_.warnings(), Contains(HasSubstr("for less than a day")));
  EXPECT_THAT(log_.warnings(), Contains(HasSubstr("fewer partitions than set")));
  EXPECT_EQ(log_.warnings().size(), 3u);
  EXPECT_EQ(admin.partitions(topic("jobs")), 1);
}

void KafkaTopicsTest::delete_jobs_while_running() {
  const auto api = open();
  const auto worker = open();
  const auto janitor = open();
  // More of them than come afterwards, so that what was known of offsets is wrong then.
  const auto before = names("before", 40);
  enqueue_all(*api, before);
  ASSERT_TRUE(work_off(*worker, before));
  ASSERT_TRUE(counts(*janitor, 0));
  EXPECT_FALSE(janitor->find("before1", {}).value().has_value());
  enqueue_all(*api, names("lost", 2));
  ASSERT_TRUE(counts(*janitor, 2));
  KafkaAdmin admin(kafka_->servers());
  admin.delete_topic(topic("jobs"));

  const auto after = names("after", 6);
  enqueue_all(*api, after);
  EXPECT_EQ(admin.partitions(topic("jobs")), 3);
  EXPECT_TRUE(eventually("the index knows the new jobs", [&] {
    const auto found = janitor->find("after1", {});
    return found.ok() && found->has_value();
  }));
  EXPECT_TRUE(
      eventually("the index has forgotten the deleted ones, so that a sweep finds them", [&] {
        const auto found = janitor->find("lost1", {});
        return found.ok() && !found->has_value();
      }));
  ASSERT_TRUE(work_off(*worker, after));
  EXPECT_TRUE(counts(*janitor, 0));
}

TEST_F(KafkaTopicsTest, ThatAreDeletedAreMadeAgain) { delete_jobs_while_running(); }

TEST_F(KafkaTopicsTest, ThatAreDeletedAreMadeAgainWhereTheClusterMakesNone) {
  SKIP_WITHOUT(three_brokers());
  kafka_ = &three_brokers();
  delete_jobs_while_running();
}

TEST_F(KafkaTopicsTest, WithTooFewReplicasInSyncTakeNothing) {
  SKIP_WITHOUT(three_brokers());
  kafka_ = &three_brokers();
  KafkaAdmin admin(kafka_->servers());
  admin.make_topic(topic("jobs"), 3, {{"min.insync.replicas", "3"}});
  const auto queue = open();
  ASSERT_TRUE(enqueue(*queue, "a"));
  EXPECT_TRUE(queue->check({}).ok());
  three_brokers().command("kill 3");
  std::string last;
  EXPECT_TRUE(eventually(
      "the queue is found not to take jobs",
      [&] {
        EXPECT_FALSE(queue->enqueue("b", {.deadline = clock_.now() + 1s}).ok());
        last = queue->check({}).to_string();
        return last.find("2 of 3 replicas in sync") != std::string::npos;
      },
      60s))
      << last;
  three_brokers().command("start 3");
  EXPECT_TRUE(enqueue(*queue, "c"));
  EXPECT_TRUE(queue->check({}).ok());
}

TEST_F(KafkaTopicsTest, MayGetMorePartitions) {
  const auto api = open();
  const auto worker = open();
  const auto janitor = open();
  enqueue_all(*api, names("before", 6));
  ASSERT_TRUE(work_off(*worker, names("before", 6)));
  ASSERT_TRUE(counts(*janitor, 0));
  EXPECT_FALSE(janitor->find("before1", {}).value().has_value());
  KafkaAdmin admin(kafka_->servers());
  admin.set_partitions(topic("jobs"), 7);
  const auto after = names("after", 30);
  // The producers write to the new ones once they have heard of them.
  ASSERT_TRUE(counts(*janitor, 0)) << "and the figure is there";
  enqueue_all(*api, after);
  EXPECT_TRUE(counts(*janitor, 30));
  for (const std::string& id : after) {
    const auto found = janitor->find(id, {});
    ASSERT_TRUE(found.ok()) << found.status().to_string();
    EXPECT_TRUE(found->has_value()) << id;
  }
  ASSERT_TRUE(work_off(*worker, after));
}

TEST_F(KafkaTopicsTest, MayBeMadeByTheFirstWhoWantsToLead) {
  for (int start = 0; start < 20; ++start) {
    KafkaOptions mine = options();
    mine.prefix = new_kafka_prefix();
    KafkaLeadership leadership(mine, clock_, log_);
    std::string last;
    ASSERT_TRUE(eventually("it leads",
                           [&] {
                             const Result<bool> held = leadership.hold("janitor", 10s, {});
                             last = held.ok() ? "another leads" : held.status().to_string();
                             return held.ok() && *held;
                           }))
        << "start " << start << ": " << last;
  }
}

TEST_F(KafkaTopicsTest, ThatLeadersShareAreMadeAgain) {
  KafkaLeadership leadership(options(), clock_, log_);
  const auto leads = [&] {
    const Result<bool> held = leadership.hold("janitor", 6s, {});
    return held.ok() && *held;
  };
  ASSERT_TRUE(eventually("it leads", leads));
  KafkaAdmin admin(kafka_->servers());
  admin.delete_topic(topic("leader"));
  EXPECT_TRUE(eventually(
      "it leads by a topic that is there",
      [&] { return leads() && admin.partitions(topic("leader")) == 1; }, 60s));
}

TEST_F(KafkaTopicsTest, NeedNoMoreRightsThanAreDocumented) {
  KafkaAdmin(kafka_->servers()).allow_prefix("thumb", prefix_);
  KafkaOptions thumb = options();
  thumb.servers = kafka_->servers("sasl_plaintext");
  thumb.security = "sasl_plaintext";
  thumb.user = "thumb";
  thumb.password = "thumb-secret";
  const auto queue = KafkaQueue::open(thumb, clock_, log_, {.session = 6s}).value();
  ASSERT_TRUE(enqueue(*queue, "a"));
  EXPECT_TRUE(eventually("the index answers", [&] { return queue->find("a", {}).ok(); }));
  EXPECT_TRUE(counts(*queue, 1));
  EXPECT_TRUE(work_off(*queue, {"a"}));
  KafkaLeadership leadership(thumb, clock_, log_);
  EXPECT_TRUE(eventually("it leads", [&] {
    const Result<bool> held = leadership.hold("janitor", 6s, {});
    return held.ok() && *held;
  }));
  EXPECT_TRUE(log_.warnings().empty());
  thumb.prefix = new_kafka_prefix();
  const auto other = KafkaQueue::open(thumb, clock_, log_).value();
  EXPECT_THAT(other->check({}).to_string(), HasSubstr("uthorization failed"));
}

}  // namespace
}  // namespace thumbmill
