// Three real brokers, of which one is killed and comes back.
#include <gmock/gmock.h>

#include "fakes/eventually.h"
#include "fakes/quiet.h"
#include "kafka/brokers.h"
#include "queue/kafka/kafka_queue.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;

class KafkaLeadersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT(three_brokers());
    queue_ = KafkaQueue::open(parse_kafka_url(url_).value(), clock_, log_).value();
  }
  ::testing::AssertionResult is_whole(const std::string& when) {
    std::string last;
    const auto whole = eventually(
        when + " everything answers",
        [&] {
          const auto found = queue_->find("a", {});
          const Result<QueueDepth> depth = queue_->depth({});
          const Result<bool> enqueued = queue_->enqueue("b", {});
          for (const Status& status : {found.status(), depth.status(), enqueued.status()}) {
            if (!status.ok()) last = status.to_string();
          }
          return found.ok() && found->has_value() && depth.ok() && enqueued.ok();
        },
        60s);
    return whole ? whole : ::testing::AssertionFailure() << whole.message() << ": " << last;
  }

  const std::string url_ =
      kafka_url(three_brokers().missing().empty() ? three_brokers().servers() : "127.0.0.1:1",
                new_kafka_prefix(), "partitions=6");
  SystemClock clock_;
  NoLogger log_;
  std::unique_ptr<KafkaQueue> queue_;
};

TEST_F(KafkaLeadersTest, MayChangeAsOftenAsTheyLike) {
  ASSERT_TRUE(eventually("a job is accepted", [&] { return queue_->enqueue("a", {}).ok(); }));
  ASSERT_TRUE(is_whole("at first"));
  for (const char* broker : {"1", "2"}) {
    three_brokers().command(std::string("kill ") + broker);
    EXPECT_TRUE(is_whole(std::string("without broker ") + broker));
    three_brokers().command(std::string("start ") + broker);
    EXPECT_TRUE(is_whole(std::string("with broker ") + broker + " again"));
  }
}

TEST_F(KafkaLeadersTest, AreAsManyAsTheClusterHasByDefault) {
  ASSERT_TRUE(eventually("it is usable", [&] { return queue_->check({}).ok(); }));
  KafkaAdmin admin(three_brokers().servers());
  const std::string prefix = parse_kafka_url(url_).value().prefix;
  for (const char* name : {"jobs", "retry.10s", "dead"}) {
    EXPECT_EQ(admin.replicas(prefix + "." + name), 3) << name;
  }
}

}  // namespace
}  // namespace thumbmill
