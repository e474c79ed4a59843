// The bookkeeping of records that have been read: leases, and how far may be committed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/kafka/in_flight.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

class JobsInFlightTest : public ::testing::Test {
 protected:
  static constexpr milliseconds kTtl{1'000};

  JobsInFlightTest() { jobs_.assign(partition_, {10, {}}); }

  void add(std::int64_t offset) {
    JobRecord record;
    record.id = "job-" + std::to_string(offset);
    record.first_enqueued = from_unix_ms(offset);
    jobs_.add(partition_, offset, std::move(record), now_);
  }

  void add_finished(std::int64_t offset) {
    add(offset);
    for (const LeaseTicket& ticket : jobs_.claim(1, now_, kTtl)) {
      EXPECT_TRUE(jobs_.finish(ticket, now_));
    }
  }

  const PartitionId partition_{"jobs", 3};
  const SteadyTime now_{std::chrono::hours(1)};
  JobsInFlight jobs_;
};

TEST_F(JobsInFlightTest, CommitsOnlyUpToTheOldestUnfinishedRecord) {
  for (const int offset : {10, 11, 12}) add(offset);
  const auto leases = jobs_.claim(3, now_, kTtl);
  ASSERT_EQ(leases.size(), 3u);
  EXPECT_TRUE(jobs_.finish(leases[1], now_));
  EXPECT_TRUE(jobs_.finish(leases[2], now_));
  EXPECT_EQ(jobs_.mark(partition_, false).offset, 10);
  EXPECT_TRUE(jobs_.finish(leases[0], now_));
  EXPECT_EQ(jobs_.mark(partition_, false), (CommitMark{13, {}}));
}

TEST_F(JobsInFlightTest, APartitionWithoutRecordsStaysWhereItBegan) {
  EXPECT_EQ(jobs_.mark(partition_, false), (CommitMark{10, {}}));
}

TEST_F(JobsInFlightTest, ARecordThatComesTwiceIsTakenOnce) {
  add(10);
  add(10);
  EXPECT_EQ(jobs_.claim(9, now_, kTtl).size(), 1u);
}

TEST_F(JobsInFlightTest, AnotherProcessGoesOnCountingTheTriesOfOneThatDied) {
  for (const int offset : {10, 11, 12}) add(offset);
  ASSERT_EQ(jobs_.claim(2, now_, kTtl).size(), 2u);
  const CommitMark committed = jobs_.mark(partition_, false);
  EXPECT_EQ(committed, (CommitMark{10, "1 10:1,11:1"}));

  JobsInFlight heir;
  heir.assign(partition_, committed);
  for (const int offset : {10, 11, 12}) {
    heir.add(partition_, offset, {.id = "x", .first_enqueued = from_unix_ms(offset)}, now_);
    EXPECT_EQ(heir.mark(partition_, false), committed) << "also of those not read again yet";
  }
  const auto leases = heir.claim(3, now_, kTtl);
  ASSERT_EQ(leases.size(), 3u);
  EXPECT_EQ(leases[0].attempt, 2);
  EXPECT_EQ(leases[1].attempt, 2);
  EXPECT_EQ(leases[2].attempt, 1);
}

TEST_F(JobsInFlightTest, ATryThatWeInterruptOurselvesDoesNotCount) {
  add(10);
  ASSERT_EQ(jobs_.claim(1, now_, kTtl).size(), 1u);
  EXPECT_EQ(jobs_.mark(partition_, true), (CommitMark{10, {}}));
}

TEST_F(JobsInFlightTest, ACommitOnItsWayIsTakenBackByTheNextOne) {
  add(10);
  EXPECT_EQ(jobs_.next_commit(partition_, false), std::nullopt) << "that is where it began";
  ASSERT_EQ(jobs_.claim(1, now_, kTtl).size(), 1u);
  EXPECT_EQ(jobs_.next_commit(partition_, false), (CommitMark{10, "1 10:1"}));
  EXPECT_EQ(jobs_.next_commit(partition_, false), std::nullopt);
  // Nobody has said whether the one before has arrived.
  EXPECT_EQ(jobs_.next_commit(partition_, true), (CommitMark{10, {}}));
}

TEST_F(JobsInFlightTest, OnLeavingNoCommitThatMayFailIsReliedOn) {
  add_finished(10);
  EXPECT_EQ(jobs_.next_commit(partition_, false), (CommitMark{11, {}}));
  EXPECT_EQ(jobs_.next_commit(partition_, true), (CommitMark{11, {}}));
  jobs_.commit_done(partition_, {11, {}});
  EXPECT_EQ(jobs_.next_commit(partition_, true), std::nullopt);
}

TEST_F(JobsInFlightTest, ACommitThatFailedIsAskedForAgain) {
  add_finished(10);
  EXPECT_EQ(jobs_.next_commit(partition_, false), (CommitMark{11, {}}));
  jobs_.commit_failed(partition_);
  EXPECT_EQ(jobs_.next_commit(partition_, false), (CommitMark{11, {}}));
  jobs_.revoke(partition_);
  jobs_.commit_failed(partition_);
  EXPECT_EQ(jobs_.next_commit(partition_, true), std::nullopt);
}

TEST_F(JobsInFlightTest, WrongMetadataIsIgnored) {
  for (const char* text :
       {"", "2 10:1", "1 ", "1 10", "1 10:", "1 x:1", "1 10:-4", "10:1", "1 10:2147483647"}) {
    jobs_.assign(partition_, {10, text});
    add(10);
    const auto leases = jobs_.claim(1, now_, kTtl);
    ASSERT_EQ(leases.size(), 1u) << text;
    EXPECT_EQ(leases[0].attempt, 1) << text;
  }
}

TEST_F(JobsInFlightTest, ALostPartitionLosesItsLeases) {
  add(10);
  const auto leases = jobs_.claim(1, now_, kTtl);
  jobs_.revoke(partition_);
  EXPECT_FALSE(jobs_.extend(leases.at(0), now_, kTtl));
  EXPECT_FALSE(jobs_.finish(leases.at(0), now_));
  EXPECT_FALSE(jobs_.hold(leases.at(0), now_).has_value());
  jobs_.assign(partition_, {10, {}});
  add(10);
  EXPECT_FALSE(jobs_.finish(leases.at(0), now_)) << "a lease of the time before";
}

TEST_F(JobsInFlightTest, ADelayedRecordHoldsTheCommitUntilItIsDone) {
  jobs_.add(partition_, 10, {.id = "late"}, now_ + kTtl);
  EXPECT_EQ(jobs_.claim(1, now_, kTtl).size(), 0u);
  EXPECT_EQ(jobs_.next_event(), now_ + kTtl);
  EXPECT_EQ(jobs_.mark(partition_, false).offset, 10);
  EXPECT_EQ(jobs_.claim(1, now_ + kTtl, kTtl).size(), 1u);
}

}  // namespace
}  // namespace thumbmill
