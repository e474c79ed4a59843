#include "service/unqueued_uploads.h"

#include <gtest/gtest.h>

#include "fakes/memory_queue.h"
#include "fakes/quiet.h"
#include "fakes/recording_metrics.h"
#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

class UnqueuedUploadsTest : public testing::Test {
 protected:
  // An attempt is over when the thread waits again: with a deadline while there are uploads.
  void next_attempt() {
    clock_.await_waiters(1);
    clock_.advance(UnqueuedUploads::kInterval);
  }
  double waiting() const { return metrics_.value(metric::kUploadsAwaitingQueue); }

  SimClock clock_;
  MemoryQueue queue_{clock_};
  RecordingMetrics metrics_;
  NoLogger log_;
  UnqueuedUploads unqueued_{queue_, metrics_, log_, clock_};
};

TEST_F(UnqueuedUploadsTest, AreQueuedWhenTheQueueIsBack) {
  queue_.fail_all(Status(Code::unavailable, "away"));
  unqueued_.start();
  for (int i = 0; i < 3; ++i) unqueued_.add(new_uuid7(clock_), "a caller");
  EXPECT_EQ(waiting(), 3);
  next_attempt();
  clock_.await_waiters(1);
  EXPECT_EQ(waiting(), 3);
  EXPECT_EQ(unqueued_.count(), 3U);
  queue_.fail_all(Status());
  next_attempt();
  while (waiting() > 0) std::this_thread::yield();
  EXPECT_EQ(queue_.depth({}).value().ready, 3U);
}

TEST_F(UnqueuedUploadsTest, NoMoreAreKeptThanTheMost) {
  const JobId id = new_uuid7(clock_);
  for (std::size_t i = 0; i <= UnqueuedUploads::kMost; ++i) unqueued_.add(id, "");
  EXPECT_EQ(waiting(), static_cast<double>(UnqueuedUploads::kMost));
}

}  // namespace
}  // namespace thumbmill
