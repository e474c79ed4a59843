// RedisQueue while its server dies, hangs, forgets, refuses or moves.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <set>

#include "queue/redis_fixture.h"

namespace thumbmill {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

using RedisFaultsTest = RedisFixture;

TEST_F(RedisFaultsTest, AServerThatComesBackWithItsFileHasEverything) {
  start_server({"--appendonly", "yes", "--appendfsync", "always"});
  const auto queue = open();
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
  auto leases = lease(*queue, 2);
  ASSERT_TRUE(leases.at(0).retry(1h, Code::decoder_crashed, AttemptCost::counted, {}).ok());
  server_->process().kill();
  EXPECT_EQ(queue->enqueue("d", {}).status().code(), Code::unavailable);
  EXPECT_EQ(leases.at(1).extend(kTtl, {}).code(), Code::unavailable);
  server_->process().start();
  EXPECT_TRUE(leases.at(1).extend(kTtl, {}).ok()) << "the same lease still";
  EXPECT_TRUE(leases.at(1).ack({}).ok());
  EXPECT_EQ(queue->depth({})->delayed, 1u);
  clock_.advance(1h);
  auto rest = lease(*queue, 9);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[1].last_failure(), Code::decoder_crashed);
}

TEST_F(RedisFaultsTest, AServerKilledAgainAndAgainLosesNoJob) {
  start_server({"--appendonly", "yes", "--appendfsync", "always"});
  constexpr int kJobs = 400;
  std::vector<std::unique_ptr<RedisQueue>> processes;
  for (int i = 0; i < 2; ++i) processes.push_back(open());
  for (int i = 0; i < kJobs; ++i) ASSERT_TRUE(processes[0]->enqueue(std::to_string(i), {}).ok());
  std::mutex mutex;
  std::set<std::string> worked_on;  // guarded by mutex
  std::atomic<int> acknowledged = 0;
  std::vector<std::jthread> workers;
  for (std::size_t w = 0; w < 4; ++w) {
    workers.emplace_back([&, w](const std::stop_token& stop) {
      RedisQueue& queue = *processes[w % 2];
      while (!stop.stop_requested()) {
        auto leases = queue.lease(2, kTtl, 0ms, {});
        if (!leases.ok()) continue;
        for (Lease& lease : *leases) {
          {
            const std::lock_guard lock(mutex);
            worked_on.insert(lease.id());
          }
          if (lease.ack({}).ok()) ++acknowledged;
        }
      }
    });
  }
  for (int kill = 1; kill <= 6; ++kill) {
    while (acknowledged < kill * kJobs / 10) {
      for (const auto& process : processes) {  // one that fails at once does so for a second
        if (!process->check({}).ok()) clock_.advance(1s);
      }
    }
    server_->process().kill();
    server_->process().start();
    clock_.advance(kTtl);  // for leases whose answer was lost
  }
  const auto has_work = [&] {
    const auto depth = processes[0]->depth({});
    return !depth.ok() || depth->backlog() > 0;
  };
  while (has_work()) clock_.advance(1s);
  workers.clear();
  EXPECT_EQ(worked_on.size(), std::size_t{kJobs});
}

TEST_F(RedisFaultsTest, AServerThatComesBackEmptyIsFilledAgain) {
  start_server();
  const auto queue = open();
  for (const char* id : {"a", "b"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
  auto leases = lease(*queue);
  server_->process().kill();
  server_->process().start();
  EXPECT_EQ(leases.at(0).extend(kTtl, {}).code(), Code::lease_lost);
  EXPECT_THAT(lease(*queue), IsEmpty());
  EXPECT_FALSE(queue->find("b", {}).value().has_value());
  for (const char* id : {"a", "b"}) EXPECT_TRUE(queue->enqueue(id, {}).value());
  EXPECT_EQ(lease(*queue, 9).size(), 2u);
}

TEST_F(RedisFaultsTest, AfterFlushallALeaseIsLostEvenWhenItsJobIsLeasedAgain) {
  start_server();
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  auto old = lease(*queue);
  tell({"FLUSHALL"});
  EXPECT_EQ(old.at(0).hand_back({}).code(), Code::lease_lost);
  EXPECT_TRUE(queue->enqueue("a", {}).value());
  auto present = lease(*queue);
  ASSERT_EQ(present.size(), 1u);
  EXPECT_EQ(old.at(0).ack({}).code(), Code::lease_lost);
  EXPECT_EQ(old.at(0).bury(Code::internal, {}).code(), Code::lease_lost);
  EXPECT_TRUE(present[0].ack({}).ok());
}

// What the server has begun to read before it sees that its client is gone, it does.
TEST_F(RedisFaultsTest, AnAckWhoseAnswerIsLostHasHappened) {
  start_server();
  command_timeout_ = 200ms;
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  auto leases = lease(*queue);
  server_->process().suspend();
  EXPECT_EQ(leases.at(0).ack({}).code(), Code::unavailable);
  server_->process().resume();
  Status again;
  do again = leases[0].ack({});
  while (again.code() == Code::unavailable);
  EXPECT_EQ(again.code(), Code::lease_lost);
}

TEST_F(RedisFaultsTest, OpensWithoutAServerAndWorksWhenItIsThere) {
  start_server();
  server_->process().kill();
  const auto queue = open();
  EXPECT_EQ(queue->enqueue("a", {}).status().code(), Code::unavailable);
  EXPECT_EQ(queue->lease(1, kTtl, 1h, {}).status().code(), Code::unavailable) << "at once";
  EXPECT_EQ(queue->check({}).code(), Code::unavailable);
  server_->process().start();
  EXPECT_TRUE(queue->enqueue("a", {}).value());
  EXPECT_EQ(lease(*queue).size(), 1u);
}

TEST_F(RedisFaultsTest, AServerThatHangsIsUnavailableUntilItAnswers) {
  start_server();
  command_timeout_ = 200ms;
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  server_->process().suspend();
  EXPECT_EQ(queue->enqueue("b", {}).status().code(), Code::unavailable);
  EXPECT_EQ(queue->check({}).code(), Code::unavailable);
  server_->process().resume();
  // The server may still be busy with what it was sent before.
  Result<bool> enqueued = false;
  do enqueued = queue->enqueue("c", {});
  while (!enqueued.ok());
  EXPECT_EQ(queue->find("c", {}).value()->state, QueuedState::ready);
}

TEST_F(RedisFaultsTest, AWaitingWorkerIsToldWhenTheServerGoes) {
  start_server();
  const auto queue = open();
  auto leased = std::async(std::launch::async, [&] { return queue->lease(1, kTtl, 1h, {}); });
  clock_.await_waiters(1);
  server_->process().kill();
  clock_.advance(2s);
  EXPECT_EQ(leased.get().status().code(), Code::unavailable);
}

TEST_F(RedisFaultsTest, ALostConnectionDoesNotEndTheProcess) {
  start_server();
  ::signal(SIGPIPE, SIG_DFL);
  const auto queue = open();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(queue->enqueue(std::to_string(i), {}).ok());
    tell({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  }
  server_->process().kill();
  EXPECT_FALSE(queue->enqueue("x", {}).ok());
}

TEST_F(RedisFaultsTest, SaysWhenThePasswordIsWrongOrMissing) {
  start_server({"--requirepass", "right"});
  const std::string path = server_->socket_path();
  EXPECT_TRUE(open("redis+unix://:right@" + path)->check({}).ok());
  EXPECT_TRUE(open("redis+unix://default:right@" + path)->check({}).ok());
  const Status wrong = open("redis+unix://:wrong@" + path)->check({});
  EXPECT_EQ(wrong.code(), Code::unavailable);
  EXPECT_THAT(wrong.message(), HasSubstr("refuses the user or password"));
  EXPECT_THAT(open(server_->url())->check({}).message(), HasSubstr("wants a password"));
}

TEST_F(RedisFaultsTest, AUserWithRightsToItsKeysOnlyIsEnough) {
  start_server();
  tell({"ACL", "SETUSER", "mill", "on", ">pw", "~{thumbmill}:*", "&{thumbmill}:*", "+@all",
        "-@admin", "-@dangerous", "+info"});
  const auto queue = open("redis+unix://mill:pw@" + server_->socket_path());
  EXPECT_TRUE(queue->enqueue("a", {}).value());
  EXPECT_EQ(lease(*queue).size(), 1u);
  EXPECT_THAT(log_.warnings(), IsEmpty()) << "what it may not see is no reason to warn";
}

TEST_F(RedisFaultsTest, AServerWithoutMemoryIsExhausted) {
  start_server({"--maxmemory", "1mb"});
  const auto queue = open();
  Result<bool> enqueued = true;
  for (int i = 0; i < 100'000 && enqueued.ok(); ++i) {
    enqueued = queue->enqueue("job-" + std::to_string(i), {});
  }
  EXPECT_EQ(enqueued.status().code(), Code::exhausted) << enqueued.status().to_string();
  const Status full = queue->check({});
  EXPECT_EQ(full.code(), Code::exhausted);
  EXPECT_THAT(full.message(), HasSubstr("Redis is full"));
  EXPECT_THAT(full.to_string(), HasSubstr("maxmemory"));

  auto leases = lease(*queue);
  ASSERT_EQ(leases.size(), 1u) << "what is there can be worked on";
  EXPECT_TRUE(leases[0].ack({}).ok());
  tell({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(queue->check({}).ok());
}

TEST_F(RedisFaultsTest, WarnsOfAReplicaThatDoesNotConfirm) {
  const std::string port = std::to_string(free_port());
  start_server({"--port", port, "--appendonly", "yes", "--repl-diskless-sync-delay", "0"});
  RedisServer replica({"--replicaof", "127.0.0.1", port});
  RedisConnector connector(parse_redis_url(server_->url()).value());
  RedisConnection connection = connector.connect().value();
  do ASSERT_FALSE(connection.call({"SET", "probe", "1"}).value().is_error());
  while (connection.call({"WAIT", "1", "1000"}).value().integer < 1);
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).value());
  replica.process().suspend();
  ASSERT_TRUE(queue->enqueue("b", {}).value());
  EXPECT_THAT(log_.warnings(), Contains(HasSubstr("no replica")));
  replica.process().resume();
}

// Two servers and a sentinel; what the sentinel knows is changed as it changes in a fail-over.
TEST_F(RedisFaultsTest, FollowsTheMasterThatSentinelsName) {
  const std::string first_port = std::to_string(free_port());
  start_server({"--port", first_port});
  const std::string second_port = std::to_string(free_port());
  RedisServer second({"--port", second_port});
  const std::string sentinel_port = std::to_string(free_port());
  const TempDirectory directory;
  const std::string settings = directory.path() + "/sentinel.conf";
  std::ofstream(settings) << "port " << sentinel_port << "\ndir " << directory.path()
                          << "\nsentinel monitor main 127.0.0.1 " << first_port << " 1\n";
  ServerProcess sentinel({"redis-server", settings, "--sentinel"}, "+monitor master");
  const std::string nobody = std::to_string(free_port());
  const auto queue =
      open("redis+sentinel://127.0.0.1:" + nobody + ",127.0.0.1:" + sentinel_port + "/main");
  ASSERT_TRUE(queue->enqueue("a", {}).value());

  RedisConnector to_sentinel(parse_redis_url("redis://127.0.0.1:" + sentinel_port).value());
  RedisConnection said = to_sentinel.connect().value();
  ASSERT_FALSE(said.call({"SENTINEL", "REMOVE", "main"}).value().is_error());
  ASSERT_FALSE(
      said.call({"SENTINEL", "MONITOR", "main", "127.0.0.1", second_port, "1"}).value().is_error());
  tell({"REPLICAOF", "127.0.0.1", second_port});  // from here on READONLY
  EXPECT_TRUE(queue->enqueue("a", {}).value()) << "the new master never had it";
  EXPECT_EQ(lease(*queue).size(), 1u);

  const Status unknown = open("redis+sentinel://127.0.0.1:" + sentinel_port + "/other")->check({});
  EXPECT_EQ(unknown.code(), Code::unavailable);
  EXPECT_THAT(unknown.to_string(), HasSubstr("knows no master other"));
}

TEST_F(RedisFaultsTest, FollowsAClusterToTheNodeWithItsSlot) {
  const std::string empty_port = std::to_string(free_port());
  start_server({"--port", empty_port, "--cluster-enabled", "yes", "--cluster-port",
                std::to_string(free_port())});
  const std::string port = std::to_string(free_port());
  const std::string bus_port = std::to_string(free_port());
  RedisServer owner({"--port", port, "--cluster-enabled", "yes", "--cluster-port", bus_port});
  RedisConnector connector(parse_redis_url(owner.url()).value());
  RedisConnection to_owner = connector.connect().value();
  ASSERT_FALSE(to_owner.call({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}).value().is_error());
  ASSERT_FALSE(tell({"CLUSTER", "MEET", "127.0.0.1", port, bus_port}).is_error());
  const auto is_up = [](const RedisReply& info) {
    return info.text.find("cluster_state:ok") != std::string::npos;
  };
  while (!is_up(tell({"CLUSTER", "INFO"}))) continue;
  while (!is_up(to_owner.call({"CLUSTER", "INFO"}).value())) continue;
  const auto queue = open("redis://127.0.0.1:" + empty_port);
  auto leased = std::async(std::launch::async, [&] { return queue->lease(1, kTtl, 1h, {}); });
  clock_.await_waiters(1);
  ASSERT_TRUE(queue->enqueue("a", {}).value());
  auto leases = leased.get().value();
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(to_owner.call({"HLEN", "{thumbmill}:jobs"}).value().integer, 1);
  EXPECT_TRUE(leases[0].ack({}).ok());

  const Status second = open("redis://127.0.0.1:" + port + "/1")->check({});
  EXPECT_EQ(second.code(), Code::unavailable);
  EXPECT_THAT(second.message(), HasSubstr("database 1"));
  EXPECT_THAT(second.message(), HasSubstr("it is a cluster"));
}

TEST_F(RedisFaultsTest, SaysWhichDatabaseTheServerDoesNotHave) {
  start_server();
  const Status status = open(server_->url() + "?db=99")->check({});
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_THAT(status.message(), HasSubstr("database 99"));
}

TEST_F(RedisFaultsTest, TlsIsForTheHostTheCertificateNames) {
  const TempDirectory directory;
  const std::string certificate = directory.path() + "/certificate.pem";
  const std::string key = directory.path() + "/key.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
      "-nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
      "-keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "there is no openssl program";
  const std::string port = std::to_string(free_port());
  const std::string plain_port = std::to_string(free_port());
  start_server({"--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no", "--port",
                plain_port});
  const auto queue = open("rediss://localhost:" + port + "?ca=" + certificate);
  EXPECT_TRUE(queue->enqueue("a", {}).value());
  auto leased = std::async(std::launch::async, [&] { return queue->lease(2, kTtl, 1h, {}); });
  EXPECT_EQ(leased.get().value().size(), 1u);
  const Status untrusted = open("rediss://localhost:" + port)->check({});
  EXPECT_EQ(untrusted.code(), Code::unavailable);
  EXPECT_THAT(untrusted.to_string(), HasSubstr("certificate"));
  const Status misnamed = open("rediss://127.0.0.1:" + port + "?ca=" + certificate)->check({});
  EXPECT_EQ(misnamed.code(), Code::unavailable);
  EXPECT_THAT(misnamed.to_string(), HasSubstr("certificate"));
  for (const std::string user : {"", ":password@"}) {
    const Status plain = open("redis://" + user + "127.0.0.1:" + port)->check({});
    EXPECT_EQ(plain.code(), Code::unavailable);
    EXPECT_THAT(plain.message(), HasSubstr("speaks TLS: write rediss://"));
  }
  command_timeout_ = 1s;
  const Status encrypted = open("rediss://127.0.0.1:" + plain_port)->check({});
  EXPECT_EQ(encrypted.code(), Code::unavailable);
  EXPECT_THAT(encrypted.message(), HasSubstr("does not speak TLS: write redis://"));
  server_->process().kill();
  EXPECT_EQ(queue->check({}).code(), Code::unavailable);
}

}  // namespace
}  // namespace thumbmill
