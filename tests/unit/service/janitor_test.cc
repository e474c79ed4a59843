#include "service/janitor.h"

#include <thread>

#include "base/ids.h"
#include "unit/service/harness.h"

namespace thumbmill {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class JanitorTest : public ServiceTest {
 protected:
  SweepReport sweep(const JanitorOptions& options = {}) {
    Janitor janitor(options, {store, queue, metrics, log, clock});
    return janitor.sweep({}).value();
  }
};

TEST_F(JanitorTest, RebuildsALostQueue) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(accept(make_upload(std::to_string(i))));
  queue.wipe();
  EXPECT_EQ(sweep().requeued, 0u);  // too young: they may still be on their way to the queue
  clock.advance(minutes(3));
  const SweepReport report = sweep();
  EXPECT_EQ(report.unfinished, 50u);
  EXPECT_EQ(report.requeued, 50u);
  EXPECT_EQ(sweep().requeued, 0u);
  EXPECT_EQ(metrics.value(metric::kSweepRequeued), 50);
  Worker worker(one_thread(), parts());
  worker.start();
  notifier.await(JobState::done, ids.size());
  worker.stop(kNoHurry);
  for (const std::string& id : ids) EXPECT_TRUE(result_of(id)->done());
  EXPECT_EQ(sweep().unfinished, 0u);
}

TEST_F(JanitorTest, CountsWhatAFullQueueDoesNotTake) {
  for (int i = 0; i < 3; ++i) accept(make_upload(std::to_string(i)));
  queue.wipe();
  clock.advance(minutes(3));
  queue.fail_enqueues(Status(Code::exhausted, "full"));
  Janitor janitor({}, {store, queue, metrics, log, clock});
  EXPECT_EQ(janitor.unqueued(), 0u);
  const Result<SweepReport> full = janitor.sweep({});
  ASSERT_TRUE(full.ok()) << full.status().to_string();
  EXPECT_EQ(full->unqueued, 3u);
  EXPECT_EQ(full->requeued, 0u);
  EXPECT_EQ(janitor.unqueued(), 3u);
  EXPECT_EQ(log.count(LogLevel::warning, "the queue takes no jobs"), 1u);
  queue.fail_enqueues(Status());
  EXPECT_EQ(janitor.sweep({}).value().requeued, 3u);
  EXPECT_EQ(janitor.unqueued(), 0u);
}

TEST_F(JanitorTest, LeavesRunningAndDelayedJobsAlone) {
  accept(make_upload("running"));
  accept(make_upload("delayed"));
  std::vector<Lease> leases = queue.lease(2, hours(1), {}, {}).value();
  ASSERT_TRUE(leases[1].retry(hours(1), Code::unavailable, AttemptCost::free, {}).ok());
  clock.advance(minutes(3));
  const SweepReport report = sweep();
  EXPECT_EQ(report.unfinished, 2u);
  EXPECT_EQ(report.requeued, 0u);
  EXPECT_EQ(queue.depth({}).value().ready, 0u);
}

TEST_F(JanitorTest, ExpiresByAge) {
  const std::string done = accept();
  EXPECT_EQ(run_to_end(), JobState::done);
  const std::string failed = accept(make_upload("bad"));
  thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
  EXPECT_EQ(run_to_end(), JobState::failed);
  JanitorOptions options;
  options.dead_letter_age = hours(48);
  options.result_age = hours(72);

  clock.advance(hours(47));
  EXPECT_EQ(sweep(options).expired, 0u);
  clock.advance(hours(2));
  EXPECT_EQ(sweep(options).expired, 1u);
  EXPECT_FALSE(has(dead_key(failed)));
  EXPECT_EQ(queued(failed), std::nullopt);
  EXPECT_EQ(catalog.find(failed, {}).value().state, JobState::failed);
  clock.advance(hours(24));
  sweep(options);
  EXPECT_TRUE(store.keys().empty());
  EXPECT_EQ(catalog.find(done, {}).status().code(), Code::not_found);
}

TEST_F(JanitorTest, KeepsResultsForEverByDefault) {
  const std::string id = accept();
  EXPECT_EQ(run_to_end(), JobState::done);
  clock.advance(hours(24 * 365));
  EXPECT_EQ(sweep().expired, 0u);
  EXPECT_TRUE(has(thumb_of(id)));
}

TEST_F(JanitorTest, RemovesUsedKeysAndRenditionsOfNothing) {
  Upload upload = make_upload();
  upload.idempotency_key = "k";
  const std::string id = accept(upload);
  const std::string orphan = new_uuid7(clock);
  ASSERT_TRUE(store.put(thumb_of(orphan), Blob("x"), {}, {}).ok());
  ASSERT_TRUE(store.put(thumb_of(id), Blob("x"), {}, {}).ok());
  clock.advance(hours(23));
  EXPECT_EQ(sweep().expired, 0u);
  clock.advance(hours(2));
  EXPECT_EQ(sweep().expired, 2u);
  EXPECT_EQ(store.keys(), (std::vector{thumb_of(id), upload_key(id)}));
}

TEST_F(JanitorTest, AsksTheStoreForNoFinishedImageByItself) {
  std::vector<std::string> done;
  for (int i = 0; i < 40; ++i) {
    done.push_back(accept());
    EXPECT_EQ(run_to_end(), JobState::done);
  }
  const std::string orphan = new_uuid7(clock);
  ASSERT_TRUE(store.put(thumb_of(orphan), Blob("x"), {}, {}).ok());
  clock.advance(hours(25));
  for (const std::string& id : done)
    store.fail("head", upload_key(id), Status(Code::unavailable, "asked for a finished image"), 1);
  EXPECT_EQ(sweep().expired, 1u);
  EXPECT_FALSE(has(thumb_of(orphan)));
  for (const std::string& id : done) EXPECT_TRUE(has(thumb_of(id)));
}

TEST_F(JanitorTest, ADamagedResultDoesNotCostTheOriginal) {
  const std::string id = accept();
  queue.wipe();
  ASSERT_TRUE(store.put(result_key(id), Blob("{"), {}, {}).ok());
  clock.advance(minutes(3));
  EXPECT_EQ(sweep().requeued, 1u);
  EXPECT_EQ(run_to_end(), JobState::done);
}

TEST_F(JanitorTest, WhatOthersPutIntoTheStoreIsIgnoredAndLeft) {
  const std::string id = accept();
  EXPECT_EQ(run_to_end(), JobState::done);
  const std::string shard = id.substr(id.size() - 1);
  const std::string stray = new_uuid7(clock);
  const std::vector<std::string> foreign = {
      "uploads/" + shard + "/readme.txt", upload_key(id) + "/below",
      upload_key(stray) + ".json",        "results/" + shard + "/00000000",
      "results/" + shard + "/" + id,      dead_key(stray) + "/below",
      "thumbs/" + shard + "/zzz.jpg",     "deleted/" + shard + "/zzz",
      "idempotency/a/readme.txt"};
  for (const std::string& key : foreign) ASSERT_TRUE(store.put(key, Blob("x"), {}, {}).ok()) << key;
  clock.advance(hours(15 * 24));
  const SweepReport report = sweep();
  EXPECT_EQ(report.unfinished, 0u);
  EXPECT_EQ(report.expired, 0u);
  for (const std::string& key : foreign) EXPECT_TRUE(has(key)) << key;
  EXPECT_EQ(queue.depth({})->backlog(), 0u);
  EXPECT_GE(metrics.value(metric::kForeignRecords, {"store"}), 7);
  EXPECT_EQ(log.count(LogLevel::warning, "not ours"), 1u);
}

TEST_F(JanitorTest, ADamagedObjectEndsNoSweep) {
  const std::string damaged = new_uuid7(clock);
  clock.advance(minutes(1));
  const std::string orphan = new_uuid7(clock);
  for (const std::string& id : {damaged, orphan}) {
    ASSERT_TRUE(store.put(thumb_of(id), Blob("x"), {}, {}).ok());
  }
  store.fail("head", dead_key(damaged), Status(Code::corrupt_input, "damaged"), 9);
  const std::string deleted = new_uuid7(clock);
  ASSERT_TRUE(store.put(deleted_key(deleted), Blob(), {}, {}).ok());
  ASSERT_TRUE(store.put(result_key(deleted), Blob("[]"), {}, {}).ok());
  clock.advance(hours(25));
  EXPECT_EQ(sweep().expired, 1u);
  EXPECT_TRUE(has(thumb_of(damaged)));
  EXPECT_FALSE(has(thumb_of(orphan)));
  EXPECT_TRUE(has(deleted_key(deleted)));
}

TEST_F(JanitorTest, AFailureOfTheStoreEndsTheSweepAndIsReported) {
  accept();
  store.fail_all(Status(Code::unavailable, "away"));
  Janitor janitor({}, {store, queue, metrics, log, clock});
  EXPECT_EQ(janitor.sweep({}).status().code(), Code::unavailable);
}

TEST_F(JanitorTest, TheThreadSweepsAtOnceThenAtItsInterval) {
  const std::string left = accept();
  queue.wipe();
  Janitor janitor({}, {store, queue, metrics, log, clock});
  janitor.start();
  while (metrics.value(metric::kSweepRequeued) < 1) std::this_thread::yield();
  EXPECT_EQ(queued(left)->state, QueuedState::ready);

  queue.wipe();
  while (metrics.value(metric::kSweepRequeued) < 2) {
    clock.advance(std::chrono::seconds(61));
    std::this_thread::yield();
  }
  janitor.stop();
  EXPECT_EQ(queued(left)->state, QueuedState::ready);
}

}  // namespace
}  // namespace thumbmill
