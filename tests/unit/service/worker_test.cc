#include <set>
#include <thread>

#include "unit/service/harness.h"

namespace thumbmill {
namespace {

using WorkerTest = ServiceTest;
using std::chrono::seconds;

// Returns what the work is interrupted with.
Status wait_for_stop(const OpContext& context) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, context.stop, [] { return false; });
  return Status(Code::cancelled, "killed");
}

TEST_F(WorkerTest, StoresEveryRenditionAndTheResult) {
  Upload upload = make_upload();
  RenditionSpec large;
  large.name = "large";
  large.format = ImageFormat::webp;
  large.width_px = 400;
  upload.renditions.push_back(large);
  const std::string id = accept(upload);
  clock.advance(seconds(3));
  EXPECT_EQ(run_to_end(), JobState::done);

  const std::string large_key = thumb_key(id, "large", ImageFormat::webp);
  EXPECT_EQ(store.keys(), (std::vector{result_key(id), large_key, thumb_of(id)}));
  EXPECT_EQ(store.get(large_key, {}).value().info.content_type, "image/webp");
  const JobResult result = result_of(id).value();
  EXPECT_EQ(result.name, "photo.jpg");
  EXPECT_EQ(result.source_size, (SizePx{640, 480}));
  EXPECT_EQ(result.source_bytes, upload.body.size());
  ASSERT_EQ(result.renditions.size(), 2u);
  EXPECT_EQ(result.renditions[0].size, (SizePx{200, 150}));
  EXPECT_EQ(result.renditions[0].size_bytes, store.get(thumb_of(id), {}).value().body.size());

  EXPECT_EQ(jobs("done", Code::ok), 1);
  EXPECT_EQ(metrics.observed(metric::kJobSeconds, {"queue"}), (std::vector{3.0}));
  EXPECT_EQ(metrics.observed(metric::kJobEndToEndSeconds), (std::vector{3.0}));
  for (const char* stage : {"fetch", "decode", "store", "total"}) {
    EXPECT_EQ(metrics.observed(metric::kJobSeconds, {stage}).size(), 1u) << stage;
  }
  EXPECT_EQ(metrics.value(metric::kWorkerConcurrency), 1);
  EXPECT_EQ(metrics.value(metric::kWorkerBusy), 0);
  std::vector<JobState> states;
  for (const JobEvent& event : notifier.events()) states.push_back(event.state);
  EXPECT_EQ(states, (std::vector{JobState::queued, JobState::running, JobState::done}));
}

TEST_F(WorkerTest, DecodesTheNextJobWhileOneIsStored) {
  accept(make_upload("a"));
  accept(make_upload("b"));
  std::mutex mutex;
  std::condition_variable changed;
  int decoded = 0;
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  std::unique_lock lock(mutex);
                  if (at == WorkerStep::decoded) ++decoded;
                  changed.notify_all();
                  if (at == WorkerStep::thumbs_stored)
                    changed.wait(lock, [&] { return decoded == 2; });
                }));
  worker.start();
  notifier.await(JobState::done, 2);
  worker.stop(kNoHurry);
}

TEST_F(WorkerTest, DecodesNoMoreAtOnceThanItsThreads) {
  for (const char* content : {"a", "b", "c", "d", "e", "f"}) accept(make_upload(content));
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    const int now = ++at_once;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // others may come
    --at_once;
    return Status();
  });
  WorkerOptions options = one_thread();
  options.threads = 2;
  Worker worker(options, parts());
  worker.start();
  notifier.await(JobState::done, 6);
  worker.stop(kNoHurry);
  EXPECT_LE(most, 2);
}

TEST_F(WorkerTest, TellsWhatAJobTookOfTheWholeWorker) {
  accept();
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    clock.advance(seconds(6));
    return Status();
  });
  WorkerOptions options = one_thread();
  options.threads = 3;
  Worker worker(options, parts());
  worker.start();
  notifier.await(JobState::done);
  worker.stop(kNoHurry);
  const JobEvent done = notifier.events().back();
  EXPECT_EQ(done.worker_time, seconds(2));
  EXPECT_EQ(done.attempt, 1);
  EXPECT_EQ(notifier.events().front().attempt, 0) << "a job that has just come in";
}

TEST_F(WorkerTest, AJobThatIsSlowToStoreTakesItsShareOfThoseWhoStore) {
  accept();
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  if (at == WorkerStep::thumbs_stored) clock.advance(seconds(10));
                }));
  worker.start();
  notifier.await(JobState::done);
  worker.stop(kNoHurry);
  EXPECT_EQ(notifier.events().back().worker_time, seconds(2));
}

TEST_F(WorkerTest, AJobThatIsSlowToFetchKeepsItsFetcher) {
  accept();
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  if (at == WorkerStep::fetched) clock.advance(seconds(3));
                }));
  worker.start();
  notifier.await(JobState::done);
  worker.stop(kNoHurry);
  EXPECT_EQ(notifier.events().back().worker_time, seconds(3));
}

TEST_F(WorkerTest, ATryThatIsPutOffTellsWhatItTookToo) {
  accept();
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    clock.advance(seconds(8));
    return Status(Code::deadline_exceeded, "not done in time");
  });
  EXPECT_EQ(run_to_end(), JobState::failed);
  std::vector<std::pair<JobState, std::chrono::microseconds>> told;
  for (const JobEvent& event : notifier.events()) told.emplace_back(event.state, event.worker_time);
  EXPECT_EQ(told, (decltype(told){{JobState::queued, seconds(0)},
                                  {JobState::running, seconds(0)},
                                  {JobState::queued, seconds(8)},
                                  {JobState::running, seconds(0)},
                                  {JobState::failed, seconds(8)}}));
}

TEST_F(WorkerTest, AJobTenTimesLongerThanItsLeaseRunsOnce) {
  accept();
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    for (std::size_t renewals = 1; renewals <= 30; ++renewals) {
      clock.advance(seconds(10));
      queue.await_extends(renewals);
    }
    return Status();
  });
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(thumbnailer.calls(), 1u);
  EXPECT_EQ(queue.leases(), 1u);
  EXPECT_EQ(metrics.observed(metric::kJobSeconds, {"decode"}), (std::vector{300.0}));
}

TEST_F(WorkerTest, WorkIsKilledWhenItsLeaseCannotBeRenewed) {
  const std::string id = accept();
  queue.fail_extends(Status(Code::unavailable, "the queue is away"));
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext& context) {
    clock.advance(seconds(20));
    return wait_for_stop(context);
  });
  Worker worker(one_thread(), parts());
  worker.start();
  notifier.await(JobState::running);
  worker.stop(kNoHurry);
  EXPECT_EQ(jobs("lease_lost", Code::lease_lost), 1);
  EXPECT_EQ(jobs("handed_back", Code::cancelled), 0);
  EXPECT_EQ(store.keys(), (std::vector{upload_key(id)}));
  EXPECT_EQ(queued(id)->state, QueuedState::running);  // until its lease runs out
}

TEST_F(WorkerTest, AStopLetsRunningWorkFinishAndStartsNoMore) {
  const std::string running = accept();
  const std::string ahead = accept(make_upload("next"));
  std::mutex mutex;
  std::condition_variable changed;
  int fetched = 0;
  bool go_on = false;
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return go_on; });
    return Status();
  });
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  const std::lock_guard lock(mutex);
                  if (at == WorkerStep::fetched) ++fetched;
                  changed.notify_all();
                }));
  worker.start();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return fetched == 2; });
  }
  std::thread stopper([&] { worker.stop(kNoHurry); });
  notifier.await(JobState::queued, 3);  // two uploads, and one handed back by the stop
  {
    const std::lock_guard lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  stopper.join();
  EXPECT_EQ(notifier.count(JobState::done), 1u);
  EXPECT_EQ(notifier.count(JobState::done, running) + notifier.count(JobState::done, ahead), 1u);
  EXPECT_EQ(queue.depth({}).value().ready, 1u);
  EXPECT_EQ(thumbnailer.calls(), 1u);
}

TEST_F(WorkerTest, WhatDoesNotFinishInTimeIsHandedBackWithoutCountingTheTry) {
  const std::string running = accept();
  const std::string ahead = accept(make_upload("next"));
  thumbnailer.set_hook(
      [&](const ThumbnailRequest&, const OpContext& context) { return wait_for_stop(context); });
  std::mutex mutex;
  std::condition_variable changed;
  int fetched = 0;
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  const std::lock_guard lock(mutex);
                  if (at == WorkerStep::fetched) ++fetched;
                  changed.notify_all();
                }));
  worker.start();
  notifier.await(JobState::running);
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return fetched == 2; });
  }
  worker.stop(std::chrono::milliseconds(0));
  EXPECT_EQ(jobs("handed_back", Code::cancelled), 2);
  for (const std::string& id : {running, ahead}) {
    ASSERT_TRUE(queued(id).has_value());
    EXPECT_EQ(queued(id)->state, QueuedState::ready);
    EXPECT_EQ(queued(id)->attempts, 0);
  }
  worker.stop(std::chrono::milliseconds(0));  // safe to repeat
}

TEST_F(WorkerTest, TheNextJobIsFetchedWhileOneIsDecoded) {
  accept(make_upload("1"));
  accept(make_upload("2"));
  std::mutex mutex;
  std::condition_variable changed;
  int fetched = 0;
  // Each decode waits until both jobs have been fetched: without the lease ahead, for ever.
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext&) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return fetched == 2; });
    return Status();
  });
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  const std::lock_guard lock(mutex);
                  if (at == WorkerStep::fetched) ++fetched;
                  changed.notify_all();
                }));
  worker.start();
  notifier.await(JobState::done, 2);
  worker.stop(kNoHurry);
}

TEST_F(WorkerTest, ManyWorkersGiveEachJobExactlyOneResult) {
  constexpr std::size_t kJobsCount = 300;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < kJobsCount; ++i) ids.insert(accept(make_upload(std::to_string(i))));
  ASSERT_EQ(ids.size(), kJobsCount);
  WorkerOptions options;
  options.threads = 4;
  Worker first(options, parts());
  Worker second(options, parts());
  first.start();
  second.start();
  notifier.await(JobState::done, kJobsCount);
  first.stop(kNoHurry);
  second.stop(kNoHurry);
  EXPECT_EQ(thumbnailer.calls(), kJobsCount);
  EXPECT_EQ(jobs("done", Code::ok), kJobsCount);
  for (const std::string& id : ids) {
    EXPECT_EQ(notifier.count(JobState::done, id), 1u);
    EXPECT_TRUE(result_of(id)->done());
    EXPECT_FALSE(has(upload_key(id)));
  }
  EXPECT_EQ(queue.depth({}).value().backlog(), 0u);
}

}  // namespace
}  // namespace thumbmill
