// Every implementation of JobQueue against the suite.
#include <cstdlib>
#include <random>

#include <fmt/format.h>

#include "conformance/job_queue_suite.h"
#include "fakes/kafka_cluster.h"
#include "fakes/memory_queue.h"
#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "queue/kafka/kafka_queue.h"
#include "queue/redis/redis_queue.h"
#include "queue/sqlite/sqlite_queue.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

QueueUnderTest make_memory(SimClock& clock) {
  return {nullptr, std::make_unique<MemoryQueue>(clock)};
}

struct SqliteSurroundings {
  TempDirectory directory;
  NoLogger log;
};

QueueUnderTest make_sqlite(SimClock& clock) {
  auto surroundings = std::make_shared<SqliteSurroundings>();
  auto queue =
      SqliteQueue::open(surroundings->directory.path() + "/queue.db", clock, surroundings->log);
  return {surroundings, std::move(queue).value()};
}

// Redis on the simulated clock: its scripts take the clock's time as an argument instead of the
// server's TIME, and are the same otherwise.
struct RedisSurroundings {
  explicit RedisSurroundings(std::vector<std::string> arguments) : server(std::move(arguments)) {}
  RedisServer server;
  NoLogger log;
  Random random{1};
};

QueueUnderTest make_redis(SimClock& clock, std::vector<std::string> arguments) {
  auto surroundings = std::make_shared<RedisSurroundings>(std::move(arguments));
  auto queue =
      RedisQueue::open(parse_redis_url(surroundings->server.url()).value(), clock,
                       surroundings->random, surroundings->log, {.time = RedisTime::own_clock});
  return {surroundings, std::move(queue).value()};
}

QueueUnderTest make_redis_in_memory(SimClock& clock) { return make_redis(clock, {}); }
QueueUnderTest make_redis_with_aof(SimClock& clock) {
  return make_redis(clock, {"--appendonly", "yes", "--appendfsync", "always"});
}

std::vector<QueueFactory> redis_factories() {
  if (!RedisServer::is_installed()) return {};
  return {{"redis", make_redis_in_memory}, {"redis_aof", make_redis_with_aof}};
}

struct KafkaSurroundings {
  KafkaCluster cluster{2};
  NoLogger log;
};

QueueUnderTest make_kafka(SimClock& clock) {
  auto surroundings = std::make_shared<KafkaSurroundings>();
  auto queue = KafkaQueue::open(parse_kafka_url(surroundings->cluster.url()).value(), clock,
                                surroundings->log, {.alone = true});
  return {surroundings, std::move(queue).value()};
}

// A real cluster, where the tests are told of one: THUMBMILL_TEST_KAFKA=HOST:PORT. Each test makes
// topics of its own.
QueueUnderTest make_real_kafka(SimClock& clock) {
  auto log = std::make_shared<NoLogger>();
  const std::string url = fmt::format("kafka://{}?prefix=thumbmill-test-{:016x}&partitions=2",
                                      std::getenv("THUMBMILL_TEST_KAFKA"), std::random_device()());
  return {log,
          KafkaQueue::open(parse_kafka_url(url).value(), clock, *log, {.alone = true}).value()};
}

std::vector<QueueFactory> kafka_factories() {
  std::vector<QueueFactory> made{{"kafka", make_kafka}};
  if (std::getenv("THUMBMILL_TEST_KAFKA")) made.push_back({"real_kafka", make_real_kafka});
  return made;
}

INSTANTIATE_TEST_SUITE_P(Kafka, JobQueueSuite, ::testing::ValuesIn(kafka_factories()));
TEST(JobQueueOnKafka, HasARealClusterToRunOn) {
  if (!std::getenv("THUMBMILL_TEST_KAFKA")) {
    GTEST_SKIP()
        << "THUMBMILL_TEST_KAFKA=HOST:PORT is not set: suite run on librdkafka's mock only";
  }
}
INSTANTIATE_TEST_SUITE_P(Memory, JobQueueSuite,
                         ::testing::Values(QueueFactory{"memory", make_memory}));
INSTANTIATE_TEST_SUITE_P(Sqlite, JobQueueSuite,
                         ::testing::Values(QueueFactory{"sqlite", make_sqlite}));
INSTANTIATE_TEST_SUITE_P(Redis, JobQueueSuite, ::testing::ValuesIn(redis_factories()));
TEST(JobQueueOnRedis, HasAServerToRunOn) {
  if (!RedisServer::is_installed()) GTEST_SKIP() << "no redis-server program: suite not run on it";
}

}  // namespace
}  // namespace thumbmill
