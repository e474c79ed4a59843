// Every Leadership among several processes against the suite.
#include "conformance/leadership_suite.h"
#include "fakes/documented_redis_user.h"
#include "fakes/kafka_cluster.h"
#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "queue/kafka/kafka_leadership.h"
#include "queue/redis/redis_leadership.h"

namespace thumbmill {
namespace {

// As a user that has no rights but those that it takes.
class RedisWorld final : public LeadershipWorld {
 public:
  explicit RedisWorld(const char* program) : server_(with_documented_user({}), program) {}
  ~RedisWorld() override { expect_nothing_denied(server_); }
  std::unique_ptr<Leadership> process() override {
    return std::make_unique<RedisLeadership>(
        parse_redis_url(url_of_documented_user(server_)).value(), clock_, log_);
  }
  void hang() override { server_.process().kill(); }
  void come_back() override { server_.process().start(); }

 private:
  RedisServer server_;
  SystemClock clock_;
  NoLogger log_;
};

class MockKafkaWorld final : public LeadershipWorld {
 public:
  std::unique_ptr<Leadership> process() override {
    return std::make_unique<KafkaLeadership>(parse_kafka_url(cluster_.url()).value(), clock_, log_);
  }
  void hang() override { cluster_.set_away(true); }
  void come_back() override { cluster_.set_away(false); }

 private:
  KafkaCluster cluster_{1};
  SystemClock clock_;
  NoLogger log_;
};

// On a real Kafka, too: tests/kafka.
std::vector<LeadershipFactory> factories() {
  std::vector<LeadershipFactory> made{{"kafka", [] { return std::make_unique<MockKafkaWorld>(); }}};
  if (RedisServer::is_installed()) {
    made.push_back({"redis", [] { return std::make_unique<RedisWorld>(RedisServer::kRedis); }});
  }
  if (RedisServer::is_installed(RedisServer::kValkey)) {
    made.push_back({"valkey", [] { return std::make_unique<RedisWorld>(RedisServer::kValkey); }});
  }
  return made;
}

INSTANTIATE_TEST_SUITE_P(Shared, LeadershipSuite, ::testing::ValuesIn(factories()),
                         [](const auto& of) { return of.param.name; });
TEST(LeadershipOnRedis, HasAServerToRunOn) {
  if (!RedisServer::is_installed()) GTEST_SKIP() << "no redis-server program: suite not run on it";
}
TEST(LeadershipOnValkey, HasAServerToRunOn) {
  if (!RedisServer::is_installed(RedisServer::kValkey))
    GTEST_SKIP() << "no valkey-server program: suite not run on it";
}

}  // namespace
}  // namespace thumbmill
