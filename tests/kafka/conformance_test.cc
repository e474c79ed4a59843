// The suites of queue, notifier and leadership on a real Kafka: one that THUMBMILL_TEST_KAFKA names
// (HOST:PORT,...), else one that is started here. Each test makes topics of its own.
#include "conformance/kafka_under_test.h"
#include "conformance/leadership_suite.h"
#include "conformance/notifier_worlds.h"
#include "kafka/brokers.h"
#include "queue/kafka/kafka_leadership.h"

namespace thumbmill {
namespace {

bool is_missing() { return given_kafka() == nullptr && !one_broker().missing().empty(); }

std::string servers() { return given_kafka() != nullptr ? given_kafka() : one_broker().servers(); }

std::string new_url() { return kafka_url(servers(), new_kafka_prefix(), "partitions=2"); }

/// Stops the broker, and lets it go on at the latest when the test ends.
class Hanging {
 public:
  ~Hanging() { set(false); }
  void set(bool hangs) {
    if (hangs == hangs_ || given_kafka() != nullptr) return;
    one_broker().command(hangs ? "suspend 1" : "resume 1");
    hangs_ = hangs;
  }

 private:
  bool hangs_ = false;
};

QueueUnderTest make_queue(SimClock& clock) { return kafka_under_test(nullptr, new_url(), clock); }

class NotifierOnKafka final : public KafkaWorld {
 public:
  NotifierOnKafka() : KafkaWorld(new_url()) {}
  void hang() override { hanging_.set(true); }
  void come_back() override { hanging_.set(false); }

 private:
  Hanging hanging_;
};

class LeadershipOnKafka final : public LeadershipWorld {
 public:
  std::unique_ptr<Leadership> process() override {
    return std::make_unique<KafkaLeadership>(options_, clock_, log_);
  }
  bool can_hang() const override { return given_kafka() == nullptr; }
  void hang() override { hanging_.set(true); }
  void come_back() override { hanging_.set(false); }

 private:
  const KafkaOptions options_ = parse_kafka_url(new_url()).value();
  SystemClock clock_;
  NoLogger log_;
  Hanging hanging_;
};

// None where there is no Kafka: a suite cannot skip before it has made what it tests.
template <typename Factory>
std::vector<Factory> unless_missing(Factory factory) {
  if (is_missing()) return {};
  return {std::move(factory)};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JobQueueSuite);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NotifierSuite);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LeadershipSuite);
INSTANTIATE_TEST_SUITE_P(Real, JobQueueSuite,
                         ::testing::ValuesIn(unless_missing(QueueFactory{"kafka", make_queue})));
INSTANTIATE_TEST_SUITE_P(Real, NotifierSuite,
                         ::testing::ValuesIn(unless_missing(NotifierFactory{
                             "kafka", [] { return std::make_unique<NotifierOnKafka>(); }})));
INSTANTIATE_TEST_SUITE_P(Real, LeadershipSuite,
                         ::testing::ValuesIn(unless_missing(LeadershipFactory{
                             "kafka", [] { return std::make_unique<LeadershipOnKafka>(); }})));

TEST(RealKafka, IsThere) {
  if (is_missing()) GTEST_SKIP() << one_broker().missing();
}

}  // namespace
}  // namespace thumbmill
