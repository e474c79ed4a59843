// Every Notifier that reaches other processes against the suite.
#include "conformance/notifier_suite.h"
#include "fakes/kafka_cluster.h"
#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "notify/kafka/kafka_notifier.h"
#include "notify/redis/redis_notifier.h"

namespace thumbmill {
namespace {

class RedisWorld final : public NotifierWorld {
 public:
  std::unique_ptr<Notifier> process() override {
    return std::make_unique<RedisNotifier>(options_, random_, log_);
  }
  void hang() override { server_.process().suspend(); }
  void come_back() override {
    server_.process().kill();
    server_.process().start();
  }

 private:
  NoLogger log_;
  Random random_{1};
  RedisServer server_;
  const RedisOptions options_ = parse_redis_url(server_.url()).value();
};

class KafkaWorld final : public NotifierWorld {
 public:
  std::unique_ptr<Notifier> process() override {
    return KafkaNotifier::open(options_, clock_, log_).value();
  }
  void hang() override { cluster_.set_away(true); }
  void come_back() override { cluster_.set_away(false); }

 private:
  NoLogger log_;
  Random random_{1};
  SystemClock clock_;
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
