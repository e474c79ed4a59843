#include "service/dead_letters.h"

#include <algorithm>

#include "unit/service/harness.h"

namespace thumbmill {
namespace {

class DeadLettersTest : public ServiceTest {
 protected:
  std::string fail_job(const std::string& content = "bad") {
    const std::string id = accept(make_upload(content));
    thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
    EXPECT_EQ(run_to_end(), JobState::failed);
    return id;
  }
};

TEST_F(DeadLettersTest, ListsAndCountsFailedJobs) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(fail_job(std::to_string(i)));
  accept(make_upload("unfinished"));
  EXPECT_EQ(dead_letters.count({}).value(), 7u);
  std::vector<std::string> listed;
  std::string after;
  for (bool more = true; more;) {
    const JobPage page = dead_letters.list(after, 3, {}).value();
    for (const JobView& view : page.jobs) {
      EXPECT_EQ(view.result->failure->code, Code::corrupt_input);
      listed.push_back(view.id);
    }
    more = page.next.has_value();
    if (more) after = *page.next;
  }
  std::sort(ids.begin(), ids.end());
  std::sort(listed.begin(), listed.end());
  EXPECT_EQ(listed, ids);
}

TEST_F(DeadLettersTest, ARetryStartsAfresh) {
  const std::string id = fail_job();
  ASSERT_TRUE(dead_letters.retry(id, {}).ok());
  EXPECT_EQ(catalog.find(id, {}).value().state, JobState::queued);
  EXPECT_EQ(queued(id)->attempts, 0);
  EXPECT_EQ(store.keys(), (std::vector{upload_key(id)}));
  EXPECT_EQ(dead_letters.retry(id, {}).code(), Code::not_found);
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
}

// Each step of a retry fails once; the job is a dead letter or unfinished, and ends well.
TEST_F(DeadLettersTest, ARetryCutShortLosesNothing) {
  const std::pair<const char*, const char*> steps[] = {
      {"remove", "results/"}, {"copy", "dead/"}, {"remove", "dead/"}};
  for (const auto& [operation, prefix] : steps) {
    const std::string id = fail_job(operation + std::string(prefix));
    store.fail(operation, prefix, Status(Code::unavailable, "the process died here"), 1);
    EXPECT_FALSE(dead_letters.retry(id, {}).ok());
    const JobView view = catalog.find(id, {}).value();
    EXPECT_EQ(view.id, id);
    EXPECT_EQ(view.dead_letter, view.state == JobState::failed) << operation << prefix;
    EXPECT_TRUE(view.dead_letter || view.state == JobState::queued);
    if (view.dead_letter) {
      EXPECT_EQ(dead_letters.list({}, 10, {}).value().jobs.size(), 1u);
      EXPECT_TRUE(dead_letters.retry(id, {}).ok());
    } else {
      clock.advance(std::chrono::minutes(3));
      Janitor janitor({}, {store, queue, metrics, log, clock});
      EXPECT_EQ(janitor.sweep({}).value().requeued, 1u);
    }
    EXPECT_EQ(run_to_end(), JobState::done);
    EXPECT_TRUE(dead_letters.list({}, 10, {}).value().jobs.empty());
    EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
    EXPECT_TRUE(catalog.remove(id, {}).ok());
  }
}

TEST_F(DeadLettersTest, ACopyMadeForAFailureThatNeverWasIsNoDeadLetter) {
  const std::string id = accept();
  thumbnailer.fail_next({Status(Code::corrupt_input, "so it seemed")});
  store.fail("put", "results/", Status(Code::unavailable, "away"), 1);
  EXPECT_EQ(run_to_end(), JobState::done);
  EXPECT_EQ(store.keys(), (std::vector{result_key(id), thumb_of(id)}));
}

TEST_F(DeadLettersTest, OneThatCannotBeReadStaysAndHidesNoOther) {
  const std::string damaged = fail_job("damaged");
  const std::string good = fail_job("good");
  ASSERT_TRUE(store.put(result_key(damaged), Blob("[7]"), {}, {}).ok());
  const JobPage page = dead_letters.list({}, 10, {}).value();
  ASSERT_EQ(page.jobs.size(), 1u);
  EXPECT_EQ(page.jobs[0].id, good);
  EXPECT_EQ(dead_letters.retry_all({}).value(), 1u);
  EXPECT_EQ(dead_letters.purge_all({}).value(), 0u);
  EXPECT_EQ(store.keys(), (std::vector{dead_key(damaged), result_key(damaged), upload_key(good)}));
}

TEST_F(DeadLettersTest, RetriesAndPurgesAll) {
  const std::string first = fail_job("1");
  const std::string second = fail_job("2");
  EXPECT_EQ(dead_letters.retry_all({}).value(), 2u);
  EXPECT_EQ(dead_letters.count({}).value(), 0u);
  EXPECT_EQ(queue.depth({}).value().ready, 2u);
  EXPECT_TRUE(catalog.remove(first, {}).ok());
  EXPECT_TRUE(catalog.remove(second, {}).ok());

  fail_job("3");
  const std::string kept = fail_job("4");
  EXPECT_EQ(queue.depth({}).value().dead, 2u);
  EXPECT_EQ(dead_letters.purge_all({}).value(), 2u);
  EXPECT_EQ(dead_letters.count({}).value(), 0u);
  EXPECT_EQ(queue.depth({}).value().dead, 0u);
  EXPECT_EQ(catalog.find(kept, {}).value().state, JobState::failed);
  EXPECT_FALSE(catalog.find(kept, {}).value().dead_letter);
  EXPECT_EQ(dead_letters.purge(kept, {}).code(), Code::not_found);
}

TEST_F(DeadLettersTest, RefusesWhatIsNone) {
  const std::string unfinished = accept();
  for (const std::string& id : {unfinished, std::string("../x")}) {
    EXPECT_EQ(dead_letters.retry(id, {}).code(), Code::not_found);
    EXPECT_EQ(dead_letters.purge(id, {}).code(), Code::not_found);
  }
  EXPECT_EQ(dead_letters.list("x", 10, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(dead_letters.list({}, 0, {}).status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace thumbmill
