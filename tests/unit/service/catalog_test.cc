#include "service/catalog.h"

#include <functional>
#include <set>

#include "base/ids.h"
#include "unit/service/harness.h"

namespace thumbmill {
namespace {

using CatalogTest = ServiceTest;

TEST_F(CatalogTest, FollowsAJobThroughItsLife) {
  const std::string id = accept();
  JobView view = catalog.find(id, {}).value();
  EXPECT_EQ(view.state, JobState::queued);
  EXPECT_EQ(view.name, "photo.jpg");
  EXPECT_EQ(view.created, clock.wall_now());
  EXPECT_EQ(view.renditions, make_upload().renditions);
  EXPECT_EQ(catalog.rendition(id, "thumb", {}).status().detail(), Catalog::kNotReady);

  std::vector<Lease> lease = queue.lease(1, std::chrono::seconds(30), {}, {}).value();
  view = catalog.find(id, {}).value();
  EXPECT_EQ(view.state, JobState::running);
  EXPECT_EQ(view.attempts, 1);
  ASSERT_TRUE(lease.front().hand_back({}).ok());

  EXPECT_EQ(run_to_end(), JobState::done);
  view = catalog.find(id, {}).value();
  EXPECT_EQ(view.state, JobState::done);
  ASSERT_TRUE(view.result.has_value());
  EXPECT_FALSE(view.dead_letter);
  const Object thumb = catalog.rendition(id, "thumb", {}).value();
  EXPECT_EQ(thumb.info.key, thumb_of(id));
  EXPECT_EQ(catalog.rendition(id, "other", {}).status().code(), Code::not_found);
}

TEST_F(CatalogTest, ADoneJobSaysHowManyTriesItTook) {
  const std::string id = accept();
  thumbnailer.fail_next({Status(Code::decoder_crashed, "died")});
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(catalog.find(id, {}).value().attempts, 2);
}

TEST_F(CatalogTest, AFailedJobSaysWhy) {
  const std::string id = accept();
  thumbnailer.fail_next({Status(Code::too_large, "over max-pixels")});
  EXPECT_EQ(run_to_end(), JobState::failed);
  const JobView view = catalog.find(id, {}).value();
  EXPECT_EQ(view.state, JobState::failed);
  EXPECT_EQ(view.attempts, 1);
  EXPECT_TRUE(view.dead_letter);
  const Status status = catalog.rendition(id, "thumb", {}).status();
  EXPECT_EQ(status.code(), Code::too_large);
  EXPECT_EQ(status.message(), "over max-pixels");
}

TEST_F(CatalogTest, AnswersWithoutTheQueue) {
  const std::string id = accept();
  queue.fail_all(Status(Code::unavailable, "away"));
  EXPECT_EQ(catalog.find(id, {}).value().state, JobState::queued);
}

TEST_F(CatalogTest, KnowsNoOtherJobs) {
  EXPECT_EQ(catalog.find("../../etc/passwd", {}).status().code(), Code::not_found);
  EXPECT_EQ(catalog.find(new_uuid7(clock), {}).status().code(), Code::not_found);
  EXPECT_EQ(catalog.remove(new_uuid7(clock), {}).code(), Code::not_found);
  store.fail_all(Status(Code::unavailable, "away"));
  EXPECT_EQ(catalog.find(new_uuid7(clock), {}).status().code(), Code::unavailable);
}

TEST_F(CatalogTest, RemovesAllOfAJobInAnyState) {
  Upload upload = make_upload();
  upload.keep_original = true;
  const std::string done = accept(upload);
  EXPECT_EQ(run_to_end(), JobState::done);
  const std::string failed = accept(upload);
  thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
  EXPECT_EQ(run_to_end(), JobState::failed);
  for (const std::string& id : {done, failed}) {
    EXPECT_TRUE(catalog.remove(id, {}).ok());
    EXPECT_EQ(catalog.remove(id, {}).code(), Code::not_found);
    EXPECT_EQ(notifier.count(JobState::deleted, id), 1u);
    EXPECT_EQ(queued(id), std::nullopt);
  }
  EXPECT_TRUE(store.keys().empty());
}

TEST_F(CatalogTest, ARemovalCutShortIsRepeated) {
  const std::string id = accept();
  EXPECT_EQ(run_to_end(), JobState::done);
  store.fail("remove", "thumbs/", Status(Code::unavailable, "away"), 1);
  EXPECT_EQ(catalog.remove(id, {}).code(), Code::unavailable);
  EXPECT_TRUE(catalog.remove(id, {}).ok());
  EXPECT_TRUE(store.keys().empty());
}

TEST_F(CatalogTest, AJobDeletedWhileItRunsStaysDeleted) {
  Upload upload = make_upload();
  upload.keep_original = true;
  const std::string id = accept(upload);
  Worker worker(one_thread(), parts([&](WorkerStep at) {
                  if (at != WorkerStep::thumbs_stored) return;
                  EXPECT_TRUE(catalog.remove(id, {}).ok());
                }));
  worker.start();
  notifier.await(JobState::deleted);
  worker.stop(kNoHurry);
  EXPECT_EQ(catalog.find(id, {}).status().code(), Code::not_found);
  EXPECT_TRUE(catalog.list({}, 10, {}).value().jobs.empty());
  EXPECT_EQ(notifier.count(JobState::done), 0u);

  // What is left of it goes with time.
  clock.advance(std::chrono::hours(25));
  Janitor janitor({}, {store, queue, metrics, log, clock});
  EXPECT_TRUE(janitor.sweep({}).ok());
  EXPECT_TRUE(store.keys().empty()) << store.keys().front();
}

class CatalogListTest : public CatalogTest {
 protected:
  // Puts what a job in that state has in the store; returns its id.
  std::string put_job(bool ended) {
    std::string id = new_uuid7(clock);
    if (!ended) {
      Job job;
      job.renditions = {RenditionSpec{}};
      job.created = clock.wall_now();
      PutOptions options;
      options.metadata = encode_job(job).value();
      EXPECT_TRUE(store.put(upload_key(id), Blob("x"), options, {}).ok());
    } else {
      JobResult result;
      result.created = clock.wall_now();
      EXPECT_TRUE(write_result(store, job_id(id), result, {}).ok());
    }
    return id;
  }

  std::vector<std::string> page_through(std::size_t limit) {
    std::vector<std::string> ids;
    std::string cursor;
    for (;;) {
      const JobPage page = catalog.list(cursor, limit, {}).value();
      for (const JobView& view : page.jobs) ids.push_back(view.id);
      if (!page.next) return ids;
      EXPECT_EQ(page.jobs.size(), limit);
      cursor = *page.next;
    }
  }
};

TEST_F(CatalogListTest, OneThatCannotBeReadHidesNoOther) {
  const std::string first = put_job(true);
  const std::string huge = R"({"v":1,"name":")" + std::string(kMostRecordBytes, 'x') + "\"}";
  for (const std::string& text :
       std::vector<std::string>{"", "[]", "{}", "7", R"({"v":9,"renditions":"none"})", huge}) {
    clock.advance(std::chrono::seconds(1));
    const std::string damaged = new_uuid7(clock);
    ASSERT_TRUE(store.put(result_key(damaged), Blob(text), {}, {}).ok());
    EXPECT_EQ(catalog.find(damaged, {}).status().code(), Code::corrupt_input);
  }
  const std::string removed = new_uuid7(clock);
  ASSERT_TRUE(store.put(result_key(removed), Blob(huge), {}, {}).ok());
  EXPECT_TRUE(catalog.remove(removed, {}).ok());
  EXPECT_FALSE(has(result_key(removed)));
  const std::string last = put_job(false);
  EXPECT_EQ(page_through(5), (std::vector{last, first}));
  EXPECT_EQ(metrics.value(metric::kForeignRecords, {"store"}), 13) << "asked for and listed";
  EXPECT_EQ(log.count(LogLevel::warning, "not ours"), 1u);
}

TEST_F(CatalogListTest, PagesThroughManyJobsNewestFirstWithTies) {
  std::set<std::string, std::greater<>> expected;
  for (int i = 0; i < 1000; ++i) {
    expected.insert(put_job(i % 3 != 0));
    // Ten of each moment, and gaps of very different lengths.
    if (i % 10 == 9) clock.advance(std::chrono::milliseconds(1LL << (i / 10 % 30)));
  }
  const std::vector<std::string> all(expected.begin(), expected.end());
  EXPECT_EQ(page_through(7), all);
  EXPECT_EQ(page_through(200), all);
}

TEST_F(CatalogListTest, ListsAJobWithUploadAndResultOnce) {
  const std::string id = put_job(false);
  ASSERT_TRUE(write_result(store, job_id(id), JobResult{}, {}).ok());
  EXPECT_EQ(page_through(10), (std::vector{id}));
}

TEST_F(CatalogListTest, FindsTheNewestOfACrowdedMoment) {
  std::set<std::string, std::greater<>> expected;
  // More than one listing holds, in every shard, within one millisecond.
  for (int i = 0; i < 20'000; ++i) expected.insert(put_job(true));
  const JobPage page = catalog.list({}, 200, {}).value();
  ASSERT_EQ(page.jobs.size(), 200u);
  auto at = expected.begin();
  for (const JobView& view : page.jobs) EXPECT_EQ(view.id, *at++);
}

TEST_F(CatalogListTest, RefusesForeignCursorsAndLimits) {
  for (const char* cursor : {"x", "0192f3a45b6c4d8e9f0123456789abcd", "../"}) {
    EXPECT_EQ(catalog.list(cursor, 10, {}).status().code(), Code::invalid_argument) << cursor;
  }
  EXPECT_EQ(catalog.list({}, 0, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(catalog.list({}, 201, {}).status().code(), Code::invalid_argument);
  EXPECT_TRUE(catalog.list({}, 200, {}).value().jobs.empty());
}

}  // namespace
}  // namespace thumbmill
