// The table of failures and attempts of docs/delivery.md, through the Worker.
#include <atomic>
#include <thread>

#include "base/ids.h"
#include "service/store_breaker.h"
#include "unit/service/harness.h"

namespace thumbmill {
namespace {

class WorkerFailureTest : public ServiceTest {
 protected:
  void expect_failed(const std::string& id, Code code, int attempts) {
    const std::optional<JobResult> result = result_of(id);
    ASSERT_TRUE(result.has_value());
    ASSERT_TRUE(result->failure.has_value());
    EXPECT_EQ(result->failure->code, code);
    EXPECT_EQ(result->attempts, attempts);
    EXPECT_EQ(result->name, "photo.jpg");
    EXPECT_EQ(store.keys(), (std::vector{dead_key(id), result_key(id)}));
    EXPECT_EQ(jobs("failed", code), 1);
    EXPECT_EQ(queued(id)->state, QueuedState::dead);
  }
};

TEST_F(WorkerFailureTest, ABadImageFailsAtOnceWithItsReason) {
  for (const Code code :
       {Code::unsupported, Code::too_large, Code::corrupt_input, Code::invalid_argument}) {
    const std::string id = accept();
    thumbnailer.fail_next({Status(code, "over max-pixels")});
    EXPECT_EQ(run_to_end(), JobState::failed);
    expect_failed(id, code, 1);
    EXPECT_EQ(result_of(id)->failure->message, "over max-pixels");
    EXPECT_TRUE(catalog.remove(id, {}).ok());
  }
}

TEST_F(WorkerFailureTest, AJobIsOverThoughTheQueuesAnswerToThatIsLost) {
  const std::string good = accept();
  queue.lose_answers(1);
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(jobs("done", Code::ok), 1);
  const std::string bad = accept(make_upload("bad"));
  thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
  queue.lose_answers(1);
  EXPECT_EQ(run_to_end(), JobState::failed);
  EXPECT_EQ(jobs("failed", Code::corrupt_input), 1);
  EXPECT_EQ(jobs("lease_lost", Code::lease_lost), 0);
  EXPECT_EQ(jobs("retried", Code::unavailable), 0);
  EXPECT_EQ(notifier.count(JobState::done, good), 1u);
  EXPECT_EQ(notifier.count(JobState::failed, bad), 1u);
  EXPECT_EQ(queue.depth({})->backlog(), 0u);
}

TEST_F(WorkerFailureTest, ADecoderMayDieOnAnImageOnce) {
  const std::string id = accept();
  thumbnailer.fail_next({Status(Code::decoder_crashed, "died")});
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_TRUE(result_of(id)->done());
  EXPECT_EQ(jobs("retried", Code::decoder_crashed), 1);
}

TEST_F(WorkerFailureTest, ADecoderDyingTwiceFailsTheJob) {
  for (const Code second : {Code::decoder_crashed, Code::deadline_exceeded}) {
    const std::string id = accept();
    thumbnailer.fail_next({Status(Code::decoder_crashed, "died"), Status(second, "again")});
    EXPECT_EQ(run_to_end(), JobState::failed);
    expect_failed(id, second, 2);
    EXPECT_TRUE(catalog.remove(id, {}).ok());
  }
}

TEST_F(WorkerFailureTest, ACrashIsRememberedThroughTroubleInBetween) {
  const std::string id = accept();
  thumbnailer.fail_next({Status(Code::decoder_crashed, "died"),
                         Status(Code::exhausted, "no process to be had"),
                         Status(Code::decoder_crashed, "died")});
  EXPECT_EQ(run_to_end(), JobState::failed);
  expect_failed(id, Code::decoder_crashed, 2);
}

TEST_F(WorkerFailureTest, InfrastructureBurnsNoAttempt) {
  const std::string id = accept();
  store.fail("put", "thumbs/", Status(Code::unavailable, "away"), 20);
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(jobs("retried", Code::unavailable), 20);
  EXPECT_EQ(metrics.value(metric::kRedeliveries), 0);
  EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
}

TEST_F(WorkerFailureTest, AFullDiskOrAHangingStoreIsNotTheImagesFault) {
  const std::string id = accept();
  store.fail("put", "results/", Status(Code::exhausted, "disk full"), 7);
  store.fail("get", "uploads/", Status(Code::deadline_exceeded, "too slow"), 7);
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_TRUE(result_of(id)->done());
}

TEST_F(WorkerFailureTest, InfrastructureIsGivenUpAfterADay) {
  const std::string id = accept();
  store.fail("put", "thumbs/", Status(Code::unavailable, "away"), 1);
  clock.advance(std::chrono::hours(25));
  EXPECT_EQ(run_to_end(), JobState::failed);
  expect_failed(id, Code::unavailable, 1);
}

TEST_F(WorkerFailureTest, TheUnknownIsTriedFiveTimes) {
  const Status unknown(Code::internal, "what is this?");
  const std::string lucky = accept();
  thumbnailer.fail_next({unknown, unknown, unknown, unknown});
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_TRUE(catalog.remove(lucky, {}).ok());
  const std::string id = accept();
  thumbnailer.fail_next({unknown, unknown, unknown, unknown, unknown});
  EXPECT_EQ(run_to_end(), JobState::failed);
  expect_failed(id, Code::internal, 5);
}

TEST_F(WorkerFailureTest, AJobOnWhichWorkersDieEndsFailed) {
  const std::string id = accept();
  // Five workers took it and were never heard of again.
  for (int death = 0; death < 5; ++death) {
    ASSERT_EQ(queue.lease(1, std::chrono::seconds(30), {}, {}).value().size(), 1u);
    clock.advance(std::chrono::seconds(31));
  }
  EXPECT_EQ(run_to_end(), JobState::failed);
  EXPECT_EQ(thumbnailer.calls(), 0u);
  expect_failed(id, Code::internal, 5);
}

TEST_F(WorkerFailureTest, ADamagedJobFailsWithItsOriginalKept) {
  const std::string id = new_uuid7(clock);
  PutOptions options;
  options.metadata = {{"job", "{\"v\":1}"}};
  ASSERT_TRUE(store.put(upload_key(id), Blob(jpeg_bytes("x")), options, {}).ok());
  ASSERT_TRUE(queue.enqueue(id, {}).ok());
  EXPECT_EQ(run_to_end(), JobState::failed);
  EXPECT_EQ(result_of(id)->failure->code, Code::corrupt_input);
  EXPECT_EQ(store.keys(), (std::vector{dead_key(id), result_key(id)}));
}

TEST_F(WorkerFailureTest, AJobThatIsNotOursIsIgnored) {
  const std::vector<std::string> foreign = {"hello", "", "../../etc/passwd", std::string(300, 'x'),
                                            std::string("a\0b\n\xff", 5)};
  for (const std::string& id : foreign) ASSERT_TRUE(queue.enqueue(id, {}).ok());
  clock.advance(std::chrono::milliseconds(1));
  const std::string id = accept();
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
  EXPECT_EQ(queue.depth({})->backlog(), 0u) << "they are off the queue";
  EXPECT_EQ(metrics.value(metric::kForeignRecords, {"queue"}), foreign.size());
  EXPECT_EQ(log.count(LogLevel::warning, "not ours"), 1u);
}

TEST_F(WorkerFailureTest, AnOriginalGoneWithoutAResultIsAnAlarm) {
  const std::string id = accept();
  ASSERT_TRUE(store.remove(upload_key(id), {}).ok());
  std::mutex mutex;
  std::condition_variable changed;
  bool settled = false;
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  if (at != WorkerStep::settled) return;
                  const std::lock_guard lock(mutex);
                  settled = true;
                  changed.notify_all();
                }));
  worker.start();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return settled; });
  }
  worker.stop(kNoHurry);
  EXPECT_EQ(jobs("original_missing", Code::not_found), 1);
  EXPECT_EQ(log.count(LogLevel::error, "original missing"), 1u);
  EXPECT_EQ(queued(id), std::nullopt);
  EXPECT_TRUE(store.keys().empty());
}

TEST_F(WorkerFailureTest, MissingOriginalsAreAllCountedAndNamedNowAndThen) {
  const auto enqueue_missing = [&] {
    const std::string id = new_uuid7(clock);
    ASSERT_TRUE(queue.enqueue(id, {}).ok());
  };
  std::mutex mutex;
  std::condition_variable changed;
  int settled = 0;
  const auto await_settled = [&](int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return settled >= count; });
  };
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  const std::lock_guard lock(mutex);
                  if (at == WorkerStep::settled) ++settled;
                  changed.notify_all();
                }));
  worker.start();
  for (int i = 0; i < 5; ++i) enqueue_missing();
  await_settled(5);
  EXPECT_EQ(log.count(LogLevel::error, "original missing"), 1u);
  clock.advance(std::chrono::minutes(10));
  enqueue_missing();
  await_settled(6);
  worker.stop(kNoHurry);
  EXPECT_EQ(log.count(LogLevel::error, "original missing"), 2u);
  EXPECT_EQ(jobs("original_missing", Code::not_found), 6);
}

TEST_F(WorkerFailureTest, ADamagedResultIsMadeAgainWhileTheOriginalIsThere) {
  const std::string id = accept();
  ASSERT_TRUE(store.put(result_key(id), Blob("{"), {}, {}).ok());
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_TRUE(result_of(id)->done());
  EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
}

TEST_F(WorkerFailureTest, SomebodyElsesResultStands) {
  const std::string id = accept();
  JobResult first;
  first.name = "first";
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    return write_result(store, job_id(id), first, {});
  });
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(result_of(id), first);
  EXPECT_FALSE(has(upload_key(id)));
}

TEST_F(WorkerFailureTest, WhileTheStoreIsDownNothingIsLeased) {
  const std::string id = accept();
  accept(make_upload("another"));
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  if (at == WorkerStep::leased && notifier.count(JobState::queued) == 2) {
                    store.fail_all(Status(Code::unavailable, "down"));
                  }
                }));
  worker.start();
  notifier.await(JobState::queued, 3);  // put off
  EXPECT_EQ(metrics.value(metric::kStoreBreakerOpen), 1);
  // Asked again and again while nothing is leased; the waiting thread is the one that asks.
  for (int i = 0; i < 20; ++i) {
    clock.await_waiters(1);
    clock.advance(std::chrono::seconds(20));
  }
  EXPECT_EQ(queue.leases(), 1u);
  EXPECT_EQ(notifier.count(JobState::running), 0u);
  store.fail_all(Status());
  advance_until([&] { return notifier.count(JobState::done) == 2; });
  worker.stop(kNoHurry);
  EXPECT_TRUE(result_of(id)->done());
}

TEST_F(WorkerFailureTest, NothingIsLeasedBeforeTheStoreCanBeUsed) {
  const std::string id = accept();
  store.fail("check", "", Status(Code::unavailable, "no conditional puts"), 5);
  Worker worker(one_thread(), parts());
  worker.start();
  clock.await_waiters(1);  // between the first check and the second
  EXPECT_EQ(metrics.value(metric::kStoreBreakerOpen), 1);
  EXPECT_EQ(queue.leases(), 0u);
  advance_until([&] { return notifier.count(JobState::done) == 1; });
  worker.stop(kNoHurry);
  EXPECT_EQ(result_of(id)->attempts, 1);
  EXPECT_EQ(queue.leases(), 1u);
  EXPECT_EQ(log.count(LogLevel::error, "cannot be used"), 1u);
  EXPECT_EQ(log.count(LogLevel::info, "can be used again"), 1u);
}

// As when a policy is changed, or a server is replaced by one without conditional puts.
TEST_F(WorkerFailureTest, ARefusalThatTheCheckConfirmsPausesLeasing) {
  const std::string id = accept();
  const Status refused(Code::unavailable, "the store refuses the request", "HTTP 501");
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  if (at != WorkerStep::thumbs_stored || queue.leases() > 1) return;
                  store.fail("put", "results/", refused, 1);
                  store.fail("check", "", refused, 5);
                }));
  worker.start();
  notifier.await(JobState::queued, 2);  // put off
  EXPECT_EQ(metrics.value(metric::kStoreBreakerOpen), 1);
  advance_until([&] { return notifier.count(JobState::done) == 1; });
  worker.stop(kNoHurry);
  EXPECT_EQ(result_of(id)->attempts, 1);
  EXPECT_FALSE(has(dead_key(id)));
  EXPECT_EQ(queue.leases(), 2u);
}

// As when the right to put below one prefix is missing, which the check does not try.
TEST_F(WorkerFailureTest, RefusalsInARowPauseLeasingEvenWhenTheCheckIsContent) {
  constexpr int kRefusals = StoreBreaker::kMostFailures;
  const Status refused(Code::unavailable, "the store refuses the request", "HTTP 403");
  store.fail("put", "thumbs/", refused, kRefusals);
  for (int i = 0; i < kRefusals; ++i) accept(make_upload(std::to_string(i)));
  Worker worker(one_thread(), parts());
  worker.start();
  notifier.await(JobState::queued, 2 * kRefusals);  // each was put off
  EXPECT_EQ(metrics.value(metric::kStoreBreakerOpen), 1);
  EXPECT_EQ(log.count(LogLevel::error, "cannot be used"), 1u);
  advance_until([&] { return notifier.count(JobState::done) == kRefusals; });
  worker.stop(kNoHurry);
  EXPECT_EQ(metrics.value(metric::kRedeliveries), 0) << "no try was counted";
}

}  // namespace
}  // namespace thumbmill
