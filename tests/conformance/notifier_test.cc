// Every Notifier that reaches other processes against the suite.
#include "conformance/notifier_suite.h"
#include "fakes/kafka_cluster.h"
#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "fakes/redis_server.h"
#include "notify/kafka/kafka_notifier.h"
#include "notify/redis/redis_notifier.h"

namespace thumbmill {
namespace {

// What each world has for its processes.
class RecordingWorld : public NotifierWorld {
 public:
  double foreign_records() const override {
    return metrics_.value(metric::kForeignRecords, {"events"});
  }
  std::size_t warnings() const override { return log_.warnings().size(); }

 protected:
  RecordingMetrics metrics_;
  RecordingLogger log_;
  Random random_{1};
  SystemClock clock_;
};

class RedisWorld final : public RecordingWorld {
 public:
  std::unique_ptr<Notifier> process() override {
    return std::make_unique<RedisNotifier>(options_, clock_, random_, metrics_, log_);
  }
  void publish_foreign(const std::string& text) override {
    RedisConnector connector(options_);
    const RedisReply heard =
        connector.connect().value().call({"PUBLISH", options_.key("events"), text}).value();
    EXPECT_EQ(heard.integer, 2) << "both processes listen";
  }
  void hang() override { server_.process().suspend(); }
  void come_back() override {
    server_.process().kill();
    server_.process().start();
  }

 private:
  RedisServer server_;
  const RedisOptions options_ = parse_redis_url(server_.url()).value();
};

class KafkaWorld final : public RecordingWorld {
 public:
  std::unique_ptr<Notifier> process() override {
    return KafkaNotifier::open(options_, clock_, metrics_, log_).value();
  }
  void publish_foreign(const std::string& text) override {
    const auto producer = KafkaProducer::open(options_, clock_).value();
    EXPECT_TRUE(producer->publish(options_.name("events"), "hello", {{"event", text}}, {}).ok());
  }
  void hang() override { cluster_.set_away(true); }
  void come_back() override { cluster_.set_away(false); }

 private:
  KafkaCluster cluster_{1};
  const KafkaOptions options_ = parse_kafka_url(cluster_.url()).value();
};

std::vector<NotifierFactory> factories() {
  std::vector<NotifierFactory> made{{"kafka", [] { return std::make_unique<KafkaWorld>(); }}};
  if (RedisServer::is_installed()) {
    made.push_back({"redis", [] { return std::make_unique<RedisWorld>(); }});
  }
  return made;
}

INSTANTIATE_TEST_SUITE_P(Shared, NotifierSuite, ::testing::ValuesIn(factories()),
                         [](const auto& of) { return of.param.name; });
TEST(NotifierOnRedis, HasAServerToRunOn) {
  if (!RedisServer::is_installed()) GTEST_SKIP() << "no redis-server program: suite not run on it";
}

}  // namespace
}  // namespace thumbmill
