// The crash table of docs/delivery.md: a worker dies after each of its steps, and whatever comes
// next ends the job as if nothing had happened. Fencing: one that has only been slow does nothing
// that others can see.
#include "unit/service/harness.h"

namespace thumbmill {
namespace {

constexpr WorkerStep kSteps[] = {WorkerStep::leased,        WorkerStep::fetched,
                                 WorkerStep::decoded,       WorkerStep::thumbs_stored,
                                 WorkerStep::result_stored, WorkerStep::original_removed};

std::string step_name(const testing::TestParamInfo<WorkerStep>& info) {
  constexpr const char* kNames[] = {"leased",        "fetched",          "decoded", "thumbs_stored",
                                    "result_stored", "original_removed", "settled"};
  return kNames[static_cast<int>(info.param)];
}

class WorkerCrashTest : public ServiceTest, public testing::WithParamInterface<WorkerStep> {
 protected:
  // A worker that dies after the step: from then on nothing it does reaches the store or the queue.
  void die_at(WorkerStep step) {
    std::mutex mutex;
    std::condition_variable died;
    bool dead = false;
    Worker worker(one_thread(), parts([&](WorkerStep at) {
                    if (at != step) return;
                    store.fail_all(Status(Code::unavailable, "the process is dead"));
                    queue.fail_all(Status(Code::unavailable, "the process is dead"));
                    const std::lock_guard lock(mutex);
                    dead = true;
                    died.notify_all();
                  }));
    worker.start();
    {
      std::unique_lock lock(mutex);
      died.wait(lock, [&] { return dead; });
    }
    worker.stop(std::chrono::milliseconds(0));
    store.fail_all(Status());
    queue.fail_all(Status());
  }

  void await_redelivery() { clock.advance(std::chrono::seconds(31)); }

  // Works off what the queue has.
  void finish() {
    Worker worker(one_thread(), parts());
    worker.start();
    EXPECT_TRUE(eventually("the queue is worked off",
                           [&] { return queue.depth({}).value().backlog() == 0; }));
    worker.stop(kNoHurry);
  }
};

TEST_P(WorkerCrashTest, RedeliveryEndsTheJobAsIfNothingHadHappened) {
  Upload upload = make_upload();
  upload.keep_original = true;
  const std::string id = accept(upload);
  die_at(GetParam());
  const bool had_result = has(result_key(id));
  EXPECT_EQ(had_result, GetParam() >= WorkerStep::result_stored);
  EXPECT_EQ(has(upload_key(id)), GetParam() < WorkerStep::original_removed);
  ASSERT_TRUE(queued(id).has_value());

  await_redelivery();
  finish();

  EXPECT_EQ(store.keys(), (std::vector{original_key(id), result_key(id), thumb_of(id)}));
  ASSERT_TRUE(result_of(id).has_value());
  EXPECT_TRUE(result_of(id)->done());
  EXPECT_TRUE(result_of(id)->kept_original);
  EXPECT_EQ(queued(id), std::nullopt);
  EXPECT_EQ(metrics.value(metric::kRedeliveries), 1);
  // The threads of a worker that is "dead" run on; whether they decode what was fetched is theirs.
  if (GetParam() != WorkerStep::fetched) {
    EXPECT_EQ(thumbnailer.calls(), had_result || GetParam() == WorkerStep::leased ? 1u : 2u);
  }
  EXPECT_EQ(jobs("done", Code::ok), 1);
}

TEST_P(WorkerCrashTest, TheSweepEndsTheJobWhenTheQueueIsLostToo) {
  const std::string id = accept();
  die_at(GetParam());
  queue.wipe();
  clock.advance(std::chrono::minutes(3));

  Janitor janitor({}, {store, queue, metrics, log, clock});
  const Result<SweepReport> report = janitor.sweep({});
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  EXPECT_EQ(report->requeued, GetParam() < WorkerStep::result_stored ? 1u : 0u);
  EXPECT_EQ(report->completed, GetParam() == WorkerStep::result_stored ? 1u : 0u);
  finish();

  EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
  EXPECT_TRUE(result_of(id)->done());
  EXPECT_EQ(queued(id), std::nullopt);
}

TEST_P(WorkerCrashTest, AFailingJobLosesNothingEither) {
  const std::string id = accept();
  thumbnailer.set_hook([](const ThumbnailRequest&, const OpContext&) {
    return Status(Code::corrupt_input, "the image is damaged");
  });
  if (GetParam() == WorkerStep::thumbs_stored) return;  // there are none
  die_at(GetParam());
  EXPECT_TRUE(has(upload_key(id)) || has(dead_key(id)));
  await_redelivery();
  finish();

  EXPECT_EQ(store.keys(), (std::vector{dead_key(id), result_key(id)}));
  ASSERT_FALSE(result_of(id)->done());
  EXPECT_EQ(result_of(id)->failure->code, Code::corrupt_input);
  ASSERT_TRUE(queued(id).has_value());
  EXPECT_EQ(queued(id)->state, QueuedState::dead);
  EXPECT_EQ(jobs("failed", Code::corrupt_input), 1);
}

// A worker is stopped dead for longer than its lease and wakes when another has the job.
TEST_P(WorkerCrashTest, AStalledWorkerDoesNothingOthersCanSee) {
  for (const bool fails : {false, true}) {
    const std::string id = accept(make_upload(fails ? "bad" : "good"));
    thumbnailer.fail_next({fails ? Status(Code::corrupt_input, "damaged") : Status()});
    if (fails && GetParam() == WorkerStep::thumbs_stored) return;
    std::optional<Lease> thief;
    std::vector<std::string> keys;
    std::mutex mutex;
    std::condition_variable stolen;
    Worker worker(one_thread(), parts([&](WorkerStep at) {
                    if (at != GetParam()) return;
                    const std::lock_guard lock(mutex);
                    thief.emplace(queue.steal(id, kNoHurry));
                    clock.advance(std::chrono::seconds(31));
                    keys = store.keys();
                    stolen.notify_all();
                  }));
    worker.start();
    {
      std::unique_lock lock(mutex);
      stolen.wait(lock, [&] { return thief.has_value(); });
    }
    worker.stop(kNoHurry);

    std::erase(keys, thumb_of(id));  // which may be written again: it is the same
    std::vector<std::string> after = store.keys();
    std::erase(after, thumb_of(id));
    EXPECT_EQ(after, keys);
    EXPECT_EQ(queued(id)->state, QueuedState::running);
    EXPECT_EQ(jobs("lease_lost", Code::lease_lost), fails ? 2 : 1);
    EXPECT_TRUE(thief->ack({}).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Steps, WorkerCrashTest, testing::ValuesIn(kSteps), step_name);

}  // namespace
}  // namespace thumbmill
