// What several processes on one Redis do to each other, and what is true of this adapter alone.
#include "queue/redis/redis_queue.h"

#include <future>
#include <map>

#include "queue/redis_fixture.h"

namespace thumbmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

using RedisQueueTest = RedisFixture;

TEST_F(RedisQueueTest, AWaitingProcessHearsOfAnothersJob) {
  start_server();
  const auto here = open();
  const auto there = open();
  for (const char* id : {"a", "b"}) {
    auto leased = std::async(std::launch::async, [&] { return here->lease(1, kTtl, 1h, {}); });
    clock_.await_waiters(1);
    ASSERT_TRUE(there->enqueue(id, {}).value());
    auto leases = leased.get().value();
    ASSERT_EQ(leases.size(), 1u);
    EXPECT_EQ(leases[0].id(), id);
  }
}

TEST_F(RedisQueueTest, AJobHandedBackWakesAnotherProcess) {
  start_server();
  const auto here = open();
  const auto there = open();
  ASSERT_TRUE(there->enqueue("a", {}).value());
  auto held = lease(*there);
  auto leased = std::async(std::launch::async, [&] { return here->lease(1, kTtl, 1h, {}); });
  clock_.await_waiters(1);
  ASSERT_TRUE(held.at(0).hand_back({}).ok());
  EXPECT_EQ(leased.get().value().size(), 1u);
}

TEST_F(RedisQueueTest, AJobHandedBackComesBeforeTheBacklog) {
  start_server();
  const auto queue = open();
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
  auto leases = lease(*queue);
  ASSERT_TRUE(leases.at(0).hand_back({}).ok());
  EXPECT_EQ(lease(*queue).at(0).id(), "a");
}

TEST_F(RedisQueueTest, NoJobIsUnderTwoLeasesAtOnce) {
  start_server();
  constexpr int kJobs = 600;
  std::vector<std::unique_ptr<RedisQueue>> processes;
  for (int i = 0; i < 3; ++i) processes.push_back(open());
  for (int i = 0; i < kJobs; ++i) ASSERT_TRUE(processes[0]->enqueue(std::to_string(i), {}).ok());
  std::mutex mutex;
  std::map<std::string, int> held, done;
  std::vector<std::thread> workers;
  for (int w = 0; w < 6; ++w) {
    workers.emplace_back([&, w] {
      RedisQueue& queue = *processes[static_cast<std::size_t>(w) % 3];
      Random random(static_cast<std::uint64_t>(w) + 1);
      while (true) {
        auto leases = lease(queue, 4);
        if (leases.empty()) return;
        for (Lease& lease : leases) {
          {
            const std::lock_guard lock(mutex);
            EXPECT_EQ(++held[lease.id()], 1) << lease.id();
          }
          EXPECT_TRUE(lease.extend(kTtl, {}).ok());
          const bool gives_up = random.next_unit() < 0.2;
          {
            const std::lock_guard lock(mutex);  // before anyone else can have it
            --held[lease.id()];
            if (!gives_up) ++done[lease.id()];
          }
          EXPECT_TRUE((gives_up ? lease.hand_back({}) : lease.ack({})).ok());
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (auto& lease : lease(*processes[0], kJobs)) {  // handed back when the others had gone
    ++done[lease.id()];
    EXPECT_TRUE(lease.ack({}).ok());
  }
  EXPECT_EQ(done.size(), std::size_t{kJobs});
  for (const auto& [id, times] : done) EXPECT_EQ(times, 1) << id;
  EXPECT_EQ(tell({"HLEN", "{thumbmill}:jobs"}).integer, 0);
  EXPECT_EQ(tell({"ZCARD", "{thumbmill}:leases"}).integer, 0) << "nothing is left over";
}

TEST_F(RedisQueueTest, AProcessThatStoodStillHasLostItsLease) {
  start_server();
  const auto stopped = open();
  const auto other = open();
  ASSERT_TRUE(stopped->enqueue("a", {}).ok());
  auto old = lease(*stopped);
  clock_.advance(90s);
  auto present = lease(*other);
  ASSERT_EQ(present.size(), 1u);
  EXPECT_EQ(present[0].attempt(), 2);
  EXPECT_EQ(old.at(0).extend(kTtl, {}).code(), Code::lease_lost);
  EXPECT_EQ(old.at(0).ack({}).code(), Code::lease_lost);
  EXPECT_TRUE(present[0].extend(kTtl, {}).ok());
  EXPECT_TRUE(present[0].ack({}).ok());
}

TEST_F(RedisQueueTest, LeasesEachHaveTheirOwnLength) {
  start_server();
  const auto queue = open();
  for (const char* id : {"short", "long"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
  const auto brief = queue->lease(1, 10s, 0ms, {}).value();
  const auto lasting = queue->lease(1, 1h, 0ms, {}).value();
  clock_.advance(10min);
  const auto again = lease(*queue, 9);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id(), "short");
}

// As after a step of the server's clock, far back: the lease seems to end in an hour and more.
TEST_F(RedisQueueTest, NoLeaseIsLongerThanAnHour) {
  start_server();
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  const auto held = lease(*queue);
  tell({"ZINCRBY", "{thumbmill}:leases", "3600001", "a"});
  EXPECT_THAT(lease(*queue), IsEmpty());
  clock_.advance(kTtl);
  const auto again = lease(*queue);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempt(), 2);
}

TEST_F(RedisQueueTest, ServerTimeEndsLeasesAndDelays) {
  start_server();
  time_ = RedisTime::server;
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  auto first = queue->lease(1, 1ms, 0ms, {}).value();
  ASSERT_EQ(first.size(), 1u);
  std::vector<Lease> second;
  while (second.empty()) second = lease(*queue);  // until a millisecond has passed at the server
  EXPECT_EQ(first[0].ack({}).code(), Code::lease_lost);
  ASSERT_TRUE(second[0].retry(1ms, Code::internal, AttemptCost::counted, {}).ok());
  std::vector<Lease> third;
  while (third.empty()) third = lease(*queue);
  EXPECT_EQ(third[0].attempt(), 3);
  EXPECT_EQ(queue->depth({})->running, 1u);
}

TEST_F(RedisQueueTest, GoesOnWhenScriptsAreGone) {
  start_server();
  const auto queue = open();
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
  auto held = lease(*queue);
  tell({"SCRIPT", "FLUSH"});
  EXPECT_TRUE(held.at(0).extend(kTtl, {}).ok());
  const auto others = lease(*queue, 9);
  ASSERT_EQ(others.size(), 2u) << "and not what is under a lease";
  EXPECT_TRUE(held[0].ack({}).ok());
}

TEST_F(RedisQueueTest, EnqueueMendsARecordOfAJobThatIsNowhere) {
  start_server();
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).value());
  tell({"DEL", "{thumbmill}:ready"});
  EXPECT_THAT(lease(*queue), IsEmpty());
  EXPECT_TRUE(queue->enqueue("a", {}).value());
  EXPECT_EQ(lease(*queue).size(), 1u);
  tell({"DEL", "{thumbmill}:leases"});
  EXPECT_TRUE(queue->enqueue("a", {}).value());
  EXPECT_EQ(lease(*queue).size(), 1u);
}

TEST_F(RedisQueueTest, RemembersOnlyCallersWithJobsReady) {
  start_server();
  const auto queue = open();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(queue->enqueue(std::to_string(i), "address " + std::to_string(i), {}).ok());
  }
  EXPECT_EQ(tell({"ZCARD", "{thumbmill}:callers"}).integer, 100);
  for (Lease& lease : lease(*queue, 100)) ASSERT_TRUE(lease.ack({}).ok());
  ASSERT_TRUE(queue->enqueue("late", "somebody with\na strange name", {}).ok());
  EXPECT_EQ(tell({"ZCARD", "{thumbmill}:callers"}).integer, 1);
  auto leases = lease(*queue);
  ASSERT_TRUE(leases.at(0).retry(1s, Code::internal, AttemptCost::counted, {}).ok());
  clock_.advance(1s);
  EXPECT_EQ(lease(*queue).at(0).attempt(), 2);
}

// As a version without callers left them: who had begun is delivered, the sweep queues the others.
TEST_F(RedisQueueTest, RecordsOfAnOlderFormatAreReplaced) {
  start_server();
  const auto queue = open();
  for (const char* id : {"ready", "running"}) tell({"XADD", "{thumbmill}:queue", "*", "id", id});
  tell({"HSET", "{thumbmill}:jobs", "ready", "ready 0 1700000000000 - 1-0 ok"});
  tell({"HSET", "{thumbmill}:jobs", "running", "running 1 1700000000000 0123456789abcdef 2-0 ok"});
  tell({"ZADD", "{thumbmill}:leases", "1", "running"});
  tell({"HSET", "{thumbmill}:jobs", "delayed", "delayed 2 1700000000000 - - internal"});
  tell({"ZADD", "{thumbmill}:delayed", "1", "delayed"});
  tell({"HSET", "{thumbmill}:jobs", "dead", "dead 5 1700000000000 - - internal"});
  tell({"ZADD", "{thumbmill}:dead", "1", "dead"});
  EXPECT_EQ(queue->depth({})->dead, 1u);
  auto begun = lease(*queue, 9);
  ASSERT_EQ(begun.size(), 2u);
  for (Lease& lease : begun) {
    EXPECT_NE(lease.id(), "ready");
    EXPECT_EQ(lease.attempt(), 1) << "its tries are forgotten";
    EXPECT_TRUE(lease.ack({}).ok());
  }
  for (const char* id : {"ready", "dead"}) {
    EXPECT_EQ(queue->find(id, {}).value(), std::nullopt);
    EXPECT_TRUE(queue->enqueue(id, {}).value());
  }
  EXPECT_EQ(lease(*queue, 9).size(), 2u);
  EXPECT_EQ(queue->depth({})->backlog(), 2u);
  EXPECT_EQ(queue->depth({})->dead, 0u);
}

TEST_F(RedisQueueTest, KeysShareOneSlotAndAreNothingElse) {
  start_server();
  const auto queue = open();
  for (const char* id : {"a", "b", "c", "d"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
  auto leases = lease(*queue, 3);
  ASSERT_TRUE(leases.at(0).bury(Code::internal, {}).ok());
  ASSERT_TRUE(leases.at(1).retry(1h, Code::internal, AttemptCost::counted, {}).ok());
  for (const RedisReply& key : tell({"KEYS", "*"}).list) {
    EXPECT_TRUE(key.text.starts_with("{thumbmill}:")) << key.text;
  }
  for (const char* id : {"a", "b", "c", "d"}) ASSERT_TRUE(queue->forget(id, {}).ok());
  for (const char* key : {"ready", "jobs", "leases", "delayed", "dead"}) {
    EXPECT_EQ(tell({"EXISTS", std::string("{thumbmill}:") + key}).integer, 0) << key;
  }
}

TEST_F(RedisQueueTest, WarnsOfSettingsThatCouldLoseJobsOnce) {
  start_server({"--maxmemory-policy", "allkeys-lru"});
  const auto queue = open();
  ASSERT_TRUE(queue->check({}).ok());
  tell({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  ASSERT_TRUE(queue->check({}).ok());
  EXPECT_THAT(log_.warnings(), ElementsAre(HasSubstr("appendonly"), HasSubstr("noeviction")));
}

TEST_F(RedisQueueTest, HasNothingToWarnOfWithGoodSettings) {
  start_server({"--appendonly", "yes"});
  ASSERT_TRUE(open()->check({}).ok());
  EXPECT_THAT(log_.warnings(), IsEmpty());
}

TEST_F(RedisQueueTest, PrefixesAndDatabasesAreQueuesApart) {
  start_server();
  const auto first = open();
  const auto second = open(server_->url() + "?db=1");
  const auto third = open(server_->url() + "?prefix=other");
  ASSERT_TRUE(first->enqueue("a", {}).value());
  EXPECT_TRUE(second->enqueue("a", {}).value());
  EXPECT_TRUE(third->enqueue("a", {}).value());
  EXPECT_EQ(lease(*second, 9).size(), 1u);
  EXPECT_EQ(lease(*third, 9).size(), 1u);
  EXPECT_EQ(first->depth({})->ready, 1u);
}

}  // namespace
}  // namespace thumbmill
