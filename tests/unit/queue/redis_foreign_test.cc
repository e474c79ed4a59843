// What others write into the keys of a RedisQueue holds up no job, or is said to.
#include <set>

#include "queue/redis_fixture.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

using RedisForeignTest = RedisFixture;

// As they would travel to a worker and back, and be copied by each script that meets them.
TEST_F(RedisForeignTest, OnlyTheBeginningOfALongIdIsDelivered) {
  start_server();
  const auto queue = open();
  const std::string id(1'000'000, 'x');
  const std::string later = std::to_string(24h / 1ms);
  tell({"ZADD", "{thumbmill}:ready", "0", "ready" + id});
  tell({"ZADD", "{thumbmill}:delayed", "0", "due" + id, later, "delayed" + id});
  tell({"ZADD", "{thumbmill}:leases", "0", "ended" + id, later, "running" + id});
  tell({"ZADD", "{thumbmill}:leases", "+inf", "endless" + id});
  for (const char* name : {"ready", "delayed", "running"}) {
    tell({"HSET", "{thumbmill}:jobs", name + id, "garbage"});
  }
  ASSERT_TRUE(queue->enqueue("ours", {}).ok());
  std::set<std::string> delivered;
  for (int round = 0; round < 3; ++round, clock_.advance(24h)) {
    for (auto leases = lease(*queue, 9); !leases.empty(); leases = lease(*queue, 9)) {
      for (Lease& lease : leases) {
        EXPECT_LE(lease.id().size(), 64u);
        EXPECT_TRUE(lease.ack({}).ok()) << lease.id();
        delivered.insert(lease.id());
      }
    }
    for (const char* key : {"ready", "delayed", "leases"}) {
      const RedisReply members = tell({"ZRANGE", std::string("{thumbmill}:") + key, "0", "-1"});
      for (const RedisReply& member : members.list) EXPECT_LE(member.text.size(), 64u) << key;
    }
  }
  EXPECT_THAT(delivered, SizeIs(7)) << "so that each is counted and named in the log";
  EXPECT_EQ(queue->depth({})->backlog(), 0u);
  EXPECT_EQ(tell({"HLEN", "{thumbmill}:jobs"}).integer, 0) << "nothing is left over";
}

TEST_F(RedisForeignTest, ARecordThatIsTooLongIsReplaced) {
  start_server();
  const auto queue = open();
  tell({"HSET", "{thumbmill}:jobs", "a", "ready 3 1 - 0 ok " + std::string(1'000'000, 'x')});
  tell({"ZADD", "{thumbmill}:ready", "0", "a"});
  auto leases = lease(*queue);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(leases[0].attempt(), 1);
  EXPECT_LT(tell({"HGET", "{thumbmill}:jobs", "a"}).text.size(), 1'000u);
}

// Clients are shown the message.
TEST_F(RedisForeignTest, WhatTheServerSaysIsADetail) {
  start_server();
  const auto queue = open();
  tell({"SET", "{thumbmill}:leases", "evil"});
  const Status status = queue->depth({}).status();
  EXPECT_THAT(status.message(), Not(HasSubstr("WRONGTYPE")));
  EXPECT_THAT(status.detail(), HasSubstr("WRONGTYPE"));
}

TEST_F(RedisForeignTest, AKeyOfAnotherTypeMakesTheQueueUnusable) {
  start_server();
  const auto queue = open();
  for (const char* name : {"ready", "callers", "jobs", "leases", "delayed", "dead", "bell"}) {
    const std::string key = std::string("{thumbmill}:") + name;
    tell({"SET", key, "evil"});
    EXPECT_FALSE(queue->check({}).ok()) << name;
    tell({"DEL", key});
    EXPECT_TRUE(queue->check({}).ok()) << name;
  }
}

}  // namespace
}  // namespace thumbmill
