#include "queue/sqlite/sqlite_queue.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/quiet.h"
#include "fakes/sim_clock.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class SqliteQueueTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteQueue> open() { return SqliteQueue::open(path_, clock_, log_).value(); }

  TempDirectory directory_;
  std::string path_ = directory_.path() + "/sub/queue.db";
  SimClock clock_;
  NoLogger log_;
};

TEST_F(SqliteQueueTest, ARestartKeepsJobsAndFreesWhatWasLeased) {
  {
    const auto queue = open();
    for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(queue->enqueue(id, {}).ok());
    auto leases = queue->lease(2, 30s, 0ms, {}).value();
    ASSERT_TRUE(leases[1].retry(1h, Code::internal, AttemptCost::counted, {}).ok());
  }
  clock_.step_wall(-24h);  // somebody set the calendar back while the process was down
  const auto queue = open();
  auto leases = queue->lease(9, 30s, 0ms, {}).value();
  ASSERT_EQ(leases.size(), 3u) << "leases and delays end with the process";
  for (const Lease& lease : leases)
    EXPECT_EQ(lease.attempt(), lease.id() == "c" ? 1 : 2) << lease.id();
}

TEST_F(SqliteQueueTest, ItsFilesAreForNobodyElse) {
  const mode_t before = ::umask(0);
  const auto queue = open();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  ::umask(before);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms(077),
              std::filesystem::perms::none)
        << entry.path();
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_GE(files, 3U) << "queue.db, its log and its lock";
}

TEST_F(SqliteQueueTest, ASecondOwnerIsRefused) {
  const auto queue = open();
  const auto second = SqliteQueue::open(path_, clock_, log_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::conflict);
  EXPECT_THAT(second.status().message(), HasSubstr(path_));
}

TEST_F(SqliteQueueTest, ADamagedFileIsSetAsideAndANewOneBegun) {
  { ASSERT_TRUE(open()->enqueue("a", {}).ok()); }
  std::ofstream(path_, std::ios::trunc)
      << "this is no database at all, and long enough to be looked at";
  const auto queue = open();
  EXPECT_EQ(queue->depth({})->ready, 0u);
  EXPECT_TRUE(queue->enqueue("b", {}).value());
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path() + "/sub")) {
    kept += entry.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
  }
  EXPECT_GE(kept, 1);
}

TEST_F(SqliteQueueTest, DamageMetWhileRunningIsSetAsideToo) {
  const auto queue = open();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(queue->enqueue("job-" + std::to_string(i), {}).ok());
  for (const char* part : {"", "-wal"}) {
    std::fstream file(path_ + part, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0, std::ios::end);
    const auto size = static_cast<std::size_t>(file.tellp());
    file.seekp(0);
    file << std::string(size, '\xff');
  }
  // Pages may be cached; sooner or later one is read again and found damaged.
  for (int i = 0; i < 4000; ++i) {
    const auto enqueued = queue->enqueue("after-" + std::to_string(i), {});
    ASSERT_TRUE(enqueued.ok()) << enqueued.status().to_string();
  }
  EXPECT_TRUE(queue->check({}).ok());
}

// As they could come in before the table refused them, or by a table of another making.
TEST_F(SqliteQueueTest, RowsOfOthersAreReadyAfterARestart) {
  { ASSERT_TRUE(open()->enqueue("ours", {}).ok()); }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database,
                         "DROP TRIGGER jobs_of_others; INSERT INTO jobs VALUES "
                         "(x'00ff', 0, 0, 0, 0, 0, 'ok', '', 0),"
                         "('due', 3, 'soon', 0, 0, 0, 'ok', '', 0),"
                         "('late', 3, 9223372036854775807, 0, 0, 0, 'ok', '', 0),"
                         "('old', 0, 0, -9223372036854775808, 0, 0, 'ok', '', 0),"
                         "('tries', 0, 0, 0, 9223372036854775807, 0, 'ok', '', 0),"
                         "('token', 0, 0, 0, 0, 9223372036854775807, 'ok', '', 0),"
                         "('state', 7, 0, 0, 0, 0, 'ok', '', 0),"
                         "('word', 'ready', 0, 0, 0, 0, 'ok', '', 0),"
                         "('caller', 0, 0, 0, 0, 0, 'ok', x'00ff', 0),"
                         "('round', 0, 0, 0, 0, 0, 'ok', '', 'next'),"
                         "('running', 1, 0, 0, 0, 0, 'ok', '', 9223372036854775807);"
                         "REPLACE INTO callers VALUES ('', 'next'), ('a', 9223372036854775807)",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const auto queue = open();
  EXPECT_EQ(queue->depth({})->ready, 12u);
  auto leases = queue->lease(99, 30s, 0ms, {}).value();
  EXPECT_EQ(leases.size(), 12u);
  for (Lease& lease : leases) {
    EXPECT_EQ(lease.attempt(), 1) << lease.id();
    EXPECT_TRUE(lease.ack({}).ok()) << lease.id();
  }
  EXPECT_EQ(queue->depth({})->backlog(), 0u);
  for (const char* caller : {"", "a", "b"}) {
    EXPECT_TRUE(queue->enqueue(std::string("of ") + caller, caller, {}).value());
  }
  EXPECT_EQ(queue->lease(99, 30s, 0ms, {})->size(), 3u);
}

// As version 1 made it, with a job of each state.
TEST_F(SqliteQueueTest, AFileOfTheFirstFormatIsTakenOver) {
  std::filesystem::create_directories(directory_.path() + "/sub");
  const std::string command =
      "sqlite3 '" + path_ +
      "' \"CREATE TABLE jobs(id TEXT PRIMARY KEY, state INTEGER NOT NULL, due_ms INTEGER NOT NULL, "
      "queued_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, token INTEGER NOT NULL, last_failure "
      "TEXT NOT NULL) WITHOUT ROWID; CREATE INDEX jobs_by_due ON jobs(state, due_ms); "
      "CREATE TABLE counts(state INTEGER PRIMARY KEY, n INTEGER NOT NULL); "
      "INSERT INTO counts VALUES (0, 2), (1, 1), (2, 1); "
      "INSERT INTO jobs VALUES ('b', 0, 5, 5, 0, 0, 'ok'), ('a', 1, 4, 4, 1, 1, 'ok'), "
      "('c', 0, 99999999999999, 6, 2, 2, 'internal'), ('d', 2, 7, 7, 1, 1, 'corrupt_input'); "
      "PRAGMA user_version=1\"";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "the sqlite3 program is not installed";
  const auto queue = open();
  EXPECT_EQ(queue->depth({})->ready, 3u);
  EXPECT_EQ(queue->depth({})->dead, 1u);
  ASSERT_TRUE(queue->enqueue("other", "other", {}).ok());
  auto leases = queue->lease(9, 30s, 0ms, {}).value();
  ASSERT_EQ(leases.size(), 4u);
  EXPECT_EQ(leases[0].id(), "a");
  EXPECT_EQ(leases[0].attempt(), 2);
  EXPECT_EQ(leases[2].last_failure(), Code::internal);
  for (Lease& lease : leases) EXPECT_TRUE(lease.ack({}).ok());
  EXPECT_EQ(queue->depth({})->backlog(), 0u);
}

TEST_F(SqliteQueueTest, TurnsSurviveARestart) {
  {
    const auto queue = open();
    for (int i = 100; i < 140; ++i) {
      ASSERT_TRUE(queue->enqueue("a" + std::to_string(i), "a", {}).ok());
    }
    for (Lease& lease : queue->lease(10, 30s, 0ms, {}).value()) ASSERT_TRUE(lease.ack({}).ok());
    const auto unfinished = queue->lease(1, 30s, 0ms, {}).value();
  }
  const auto queue = open();
  for (int i = 100; i < 110; ++i) {
    ASSERT_TRUE(queue->enqueue("b" + std::to_string(i), "b", {}).ok());
  }
  ASSERT_TRUE(queue->enqueue("a199", "a", {}).ok());
  std::vector<std::string> ids;
  for (const Lease& lease : queue->lease(21, 30s, 0ms, {}).value()) ids.push_back(lease.id());
  EXPECT_EQ(ids.at(0), "a110") << "which was being worked on";
  EXPECT_EQ(std::ranges::count_if(ids, [](const auto& id) { return id.starts_with('b'); }), 10);
  EXPECT_EQ(queue->lease(99, 30s, 0ms, {}).value().back().id(), "a199");
}

TEST_F(SqliteQueueTest, ANewerFormatIsRefusedAndLeftAlone) {
  open();
  const std::string command = "sqlite3 '" + path_ + "' 'PRAGMA user_version=9'";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "the sqlite3 program is not installed";
  const auto opened = SqliteQueue::open(path_, clock_, log_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), Code::unsupported);
}

// A process that is killed has lost nothing that it was told was done.
TEST_F(SqliteQueueTest, KilledProcessesLoseNothingAcknowledged) {
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto queue = open();
      for (int i = 0;; ++i) {
        const std::string id = "r" + std::to_string(round) + "-" + std::to_string(i);
        if (queue->enqueue(id, {}).ok() && ::write(pipe_ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    char byte;
    int acknowledged = 0;
    while (acknowledged < 50 + round * 7 && ::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ::waitpid(child, nullptr, 0);
    ::close(pipe_ends[0]);
    const auto queue = open();
    for (int i = 0; i < acknowledged; ++i) {
      const std::string id = "r" + std::to_string(round) + "-" + std::to_string(i);
      EXPECT_TRUE(queue->find(id, {})->has_value()) << id;
    }
  }
}

}  // namespace
}  // namespace thumbmill
