// Every Notifier that reaches other processes against the suite.
#include "conformance/notifier_worlds.h"
#include "fakes/documented_redis_user.h"
#include "fakes/kafka_cluster.h"
#include "fakes/redis_server.h"
#include "notify/redis/redis_notifier.h"

namespace thumbmill {
namespace {

// As a user that has no rights but those that it takes.
class RedisWorld final : public RecordingWorld {
 public:
  explicit RedisWorld(const char* program) : server_(with_documented_user({}), program) {}
  ~RedisWorld() override { expect_nothing_denied(server_); }
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
  Random random_{1};
  const RedisOptions options_ = parse_redis_url(url_of_documented_user(server_)).value();
};

class MockKafkaWorld final : public KafkaWorld {
 public:
  MockKafkaWorld() : MockKafkaWorld(std::make_unique<KafkaCluster>(1)) {}
  void hang() override { cluster_->set_away(true); }
  void come_back() override { cluster_->set_away(false); }

 private:
  explicit MockKafkaWorld(std::unique_ptr<KafkaCluster> cluster)
      : KafkaWorld(cluster->url()), cluster_(std::move(cluster)) {}

  const std::unique_ptr<KafkaCluster> cluster_;
};

std::vector<NotifierFactory> factories() {
  std::vector<NotifierFactory> made{{"kafka", [] { return std::make_unique<MockKafkaWorld>(); }}};
  if (RedisServer::is_installed()) {
    made.push_back({"redis", [] { return std::make_unique<RedisWorld>(RedisServer::kRedis); }});
  }
  if (RedisServer::is_installed(RedisServer::kValkey)) {
    made.push_back({"valkey", [] { return std::make_unique<RedisWorld>(RedisServer::kValkey); }});
  }
  return made;
}

INSTANTIATE_TEST_SUITE_P(Shared, NotifierSuite, ::testing::ValuesIn(factories()),
                         [](const auto& of) { return of.param.name; });
TEST(NotifierOnRedis, HasAServerToRunOn) {
  if (!RedisServer::is_installed()) GTEST_SKIP() << "no redis-server program: suite not run on it";
}
TEST(NotifierOnValkey, HasAServerToRunOn) {
  if (!RedisServer::is_installed(RedisServer::kValkey))
    GTEST_SKIP() << "no valkey-server program: suite not run on it";
}

}  // namespace
}  // namespace thumbmill
