#include "queue/sqlite/sqlite_queue.h"

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
                         "(x'00ff', 0, 0, 0, 0, 0, 'ok'), ('due', 0, 'soon', 0, 0, 0, 'ok'),"
                         "('late', 0, 9223372036854775807, 0, 0, 0, 'ok'),"
                         "('old', 0, 0, -9223372036854775808, 0, 0, 'ok'),"
                         "('tries', 0, 0, 0, 9223372036854775807, 0, 'ok'),"
                         "('token', 0, 0, 0, 0, 9223372036854775807, 'ok'),"
                         "('state', 7, 0, 0, 0, 0, 'ok'), ('word', 'ready', 0, 0, 0, 0, 'ok')",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const auto queue = open();
  EXPECT_EQ(queue->depth({})->ready, 9u);
  auto leases = queue->lease(99, 30s, 0ms, {}).value();
  EXPECT_EQ(leases.size(), 9u);
  for (Lease& lease : leases) {
    EXPECT_EQ(lease.attempt(), 1) << lease.id();
    EXPECT_TRUE(lease.ack({}).ok()) << lease.id();
  }
  EXPECT_EQ(queue->depth({})->backlog(), 0u);
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
