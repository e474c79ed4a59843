// Every implementation of JobQueue against the suite.
#include <fmt/format.h>
#include <sqlite3.h>

#include "conformance/job_queue_suite.h"
#include "conformance/kafka_under_test.h"
#include "fakes/documented_redis_user.h"
#include "fakes/kafka_cluster.h"
#include "fakes/memory_queue.h"
#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "queue/redis/redis_queue.h"
#include "queue/sqlite/sqlite_queue.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

QueueUnderTest make_memory(SimClock& clock) {
  auto queue = std::make_unique<MemoryQueue>(clock);
  const auto write_foreign = [&queue = *queue] {
    EXPECT_TRUE(queue.enqueue("hello", {}).ok());
    EXPECT_TRUE(queue.enqueue("", {}).ok());
  };
  return {nullptr, std::move(queue), write_foreign};
}

struct SqliteSurroundings {
  TempDirectory directory;
  NoLogger log;
};

// As somebody with the command line of SQLite could. A row that the table does not take is as good.
void write_foreign_rows(const std::string& path) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  const auto insert = [&](const char* table, const char* row) {
    const std::string statement = fmt::format("INSERT OR IGNORE INTO {} VALUES ({})", table, row);
    sqlite3_exec(database, statement.c_str(), nullptr, nullptr, nullptr);
  };
  for (const char* row :
       {"'hello', 0, 0, 0, 0, 0, 'ok', '', 0", "'', 0, 0, 0, 0, 0, 'ok', '', 0",
        "'strange code', 0, 0, 0, 0, 0, 'eclipse', '', 0", "x'00ff', 0, 0, 0, 0, 0, 'ok', '', 0",
        "'due', 0, 'soon', 0, 0, 0, 'ok', '', 0", "'delayed', 3, 'soon', 0, 0, 0, 'ok', '', 0",
        "'late', 3, 9223372036854775807, 0, 0, 0, 'ok', '', 0",
        "'old', 0, 0, -9223372036854775808, 0, 0, 'ok', '', 0",
        "'tries', 0, 0, 0, 9223372036854775807, 0, 'ok', '', 0",
        "'token', 0, 0, 0, 0, 9223372036854775807, 'ok', '', 0",
        "'state', 7, 0, 0, 0, 0, 'ok', '', 0", "'word', 'ready', 0, 0, 0, 0, 'ok', '', 0",
        "'caller', 0, 0, 0, 0, 0, 'ok', x'00ff', 0", "'round', 0, 0, 0, 0, 0, 'ok', '', 'next'",
        "'early', 0, 0, 0, 0, 0, 'ok', '', -9223372036854775808",
        "'last', 0, 0, 0, 0, 0, 'ok', '', 9223372036854775807"}) {
    insert("jobs", row);
  }
  for (const char* row : {"'', 9223372036854775807", "'a', 'soon'", "x'00ff', 0"}) {
    insert("callers", row);
  }
  sqlite3_close(database);
}

QueueUnderTest make_sqlite(SimClock& clock) {
  auto surroundings = std::make_shared<SqliteSurroundings>();
  auto queue =
      SqliteQueue::open(surroundings->directory.path() + "/queue.db", clock, surroundings->log);
  return {surroundings, std::move(queue).value(),
          [path = surroundings->directory.path() + "/queue.db"] { write_foreign_rows(path); }};
}

// Redis on the simulated clock: its scripts take the clock's time as an argument instead of the
// server's TIME, and are the same otherwise. As a user that has no rights but those that it takes.
struct RedisSurroundings {
  RedisSurroundings(const std::vector<std::string>& arguments, const char* program)
      : server(with_documented_user(arguments), program) {}
  RedisSurroundings(const RedisSurroundings&) = delete;
  RedisSurroundings& operator=(const RedisSurroundings&) = delete;
  ~RedisSurroundings() { expect_nothing_denied(server); }

  RedisServer server;
  NoLogger log;
  Random random{1};
};

void write_foreign_keys(const std::string& url) {
  RedisConnector connector(parse_redis_url(url).value());
  RedisConnection connection = connector.connect().value();
  const auto tell = [&](const RedisCommand& command) {
    const RedisReply reply = connection.call(command).value();
    EXPECT_FALSE(reply.is_error()) << reply.text;
    return reply.text;
  };
  const std::string ready = "{thumbmill}:ready", jobs = "{thumbmill}:jobs";
  for (const std::string& id : {std::string("hello"), std::string(), std::string("a\0b\n\xff c", 7),
                                std::string(10'000, 'x')}) {
    tell({"ZADD", ready, "0", id});
  }
  for (const char* round : {"-inf", "-1", "0.5", "1e300", "+inf"}) {
    tell({"ZADD", ready, round, round});
    tell({"ZADD", "{thumbmill}:callers", round, round});
  }
  tell({"ZADD", "{thumbmill}:callers", "+inf", ""});
  // Records of another form, of a job that is ready and of one that is nowhere.
  int number = 0;
  for (const char* record :
       {"garbage", "ready many 1 - 0 ok ", "ready 1 soon - 0 ok ", "ready nan inf - 0 ok ",
        "dreaming 1 1 - 0 ok ", "ready 1 1 - 0 ok", "ready 1 1 - next ok ", "ready 1 1 - -5 ok ",
        "ready 1 1 - 99999999999999999999 ok ", "running 1 1 token 0 ok ", "delayed 1 1 - 0 ok ",
        "dead 1 1 - 0 ok ", "dead 99999999999999999999 1 - 0 eclipse "}) {
    const std::string id = fmt::format("record-{}", number++);
    tell({"HSET", jobs, id, record});
    tell({"ZADD", ready, "0", id});
    tell({"HSET", jobs, id + "-alone", record});
  }
  for (const char* set : {"{thumbmill}:leases", "{thumbmill}:delayed"}) {
    for (const char* record : {"running 1 1 - garbage ok", "running 1 1 - 0 ok ",
                               "delayed 1 1 - 0 ok ", "dead 1 1 - 0 ok ", "ready 1 1 - 0 ok "}) {
      const std::string id = fmt::format("member-{}", number++);
      tell({"HSET", jobs, id, record});
      tell({"ZADD", set, "1", id});
    }
    tell({"ZADD", set, "1", "without a record"});
  }
  for (const char* when : {"1e300", "+inf"}) tell({"ZADD", "{thumbmill}:leases", when, when});
}

QueueUnderTest make_redis(SimClock& clock, const std::vector<std::string>& arguments,
                          const char* program = RedisServer::kRedis) {
  auto surroundings = std::make_shared<RedisSurroundings>(arguments, program);
  auto queue =
      RedisQueue::open(parse_redis_url(url_of_documented_user(surroundings->server)).value(), clock,
                       surroundings->random, surroundings->log, {.time = RedisTime::own_clock});
  return {surroundings, std::move(queue).value(),
          [url = surroundings->server.url()] { write_foreign_keys(url); }};
}

QueueUnderTest make_redis_in_memory(SimClock& clock) { return make_redis(clock, {}); }
QueueUnderTest make_redis_with_aof(SimClock& clock) {
  return make_redis(clock, {"--appendonly", "yes", "--appendfsync", "always"});
}
QueueUnderTest make_valkey(SimClock& clock) { return make_redis(clock, {}, RedisServer::kValkey); }

std::vector<QueueFactory> redis_factories() {
  if (!RedisServer::is_installed()) return {};
  return {{"redis", make_redis_in_memory}, {"redis_aof", make_redis_with_aof}};
}
std::vector<QueueFactory> valkey_factories() {
  if (!RedisServer::is_installed(RedisServer::kValkey)) return {};
  return {{"valkey", make_valkey}};
}

QueueUnderTest make_kafka(SimClock& clock) {
  auto cluster = std::make_shared<KafkaCluster>(2);
  const std::string url = cluster->url();
  return kafka_under_test(std::move(cluster), url, clock);
}

// On a real Kafka, too: tests/kafka.
INSTANTIATE_TEST_SUITE_P(Kafka, JobQueueSuite,
                         ::testing::Values(QueueFactory{"kafka", make_kafka}));
INSTANTIATE_TEST_SUITE_P(Memory, JobQueueSuite,
                         ::testing::Values(QueueFactory{"memory", make_memory}));
INSTANTIATE_TEST_SUITE_P(Sqlite, JobQueueSuite,
                         ::testing::Values(QueueFactory{"sqlite", make_sqlite}));
INSTANTIATE_TEST_SUITE_P(Redis, JobQueueSuite, ::testing::ValuesIn(redis_factories()));
TEST(JobQueueOnRedis, HasAServerToRunOn) {
  if (!RedisServer::is_installed()) GTEST_SKIP() << "no redis-server program: suite not run on it";
}
INSTANTIATE_TEST_SUITE_P(Valkey, JobQueueSuite, ::testing::ValuesIn(valkey_factories()));
TEST(JobQueueOnValkey, HasAServerToRunOn) {
  if (!RedisServer::is_installed(RedisServer::kValkey))
    GTEST_SKIP() << "no valkey-server program: suite not run on it";
}

}  // namespace
}  // namespace thumbmill
