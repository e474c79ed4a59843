// The queue's figures and the dead letters.
#include <boost/json.hpp>

#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

class QueueAndDeadTest : public ApiFixture {
 protected:
  boost::json::value queue() { return get("/v1/queue").json(); }
  std::string dead() {
    std::string id = upload();
    fail_job(id, Code::corrupt_input);
    return id;
  }
};

TEST_F(QueueAndDeadTest, AnEmptyQueueHasNothingToDrain) {
  EXPECT_EQ(queue().at("backlog"), 0);
  EXPECT_EQ(queue().at("drain_seconds"), 0);
  EXPECT_TRUE(queue().at("oldest_age_seconds").is_null());
}

TEST_F(QueueAndDeadTest, FiguresFollowTheQueue) {
  const std::string id = upload();
  clock_.advance(std::chrono::milliseconds(1));  // ids of one millisecond are in no order
  upload();
  start_job(id);
  clock_.advance(std::chrono::milliseconds(2500));
  const boost::json::value figures = queue();
  EXPECT_EQ(figures.at("ready"), 1);
  EXPECT_EQ(figures.at("running"), 1);
  EXPECT_EQ(figures.at("backlog"), 2);
  EXPECT_DOUBLE_EQ(figures.at("oldest_age_seconds").as_double(), 2.5);
  EXPECT_TRUE(figures.at("drain_seconds").is_null());
}

TEST_F(QueueAndDeadTest, UploadsThatWaitForTheQueueAreBacklog) {
  clock_.advance(std::chrono::minutes(10));
  for (int i = 0; i < 12; ++i) finish_job(upload());
  clock_.advance(std::chrono::minutes(2));  // so that there are no arrivals
  unqueued_ = 24;
  const boost::json::value figures = queue();
  EXPECT_EQ(figures.at("unqueued"), 24);
  EXPECT_EQ(figures.at("ready"), 0);
  EXPECT_EQ(figures.at("backlog"), 24);
  EXPECT_GT(figures.at("drain_seconds").as_double(), 0);
  EXPECT_NEAR(figures.at("workers_desired").as_double(), 24 * 0.5 / 60, 1e-9);
}

TEST_F(QueueAndDeadTest, DrainingIsEstimatedFromTheJobsThatEndedLately) {
  clock_.advance(std::chrono::hours(1));
  for (int i = 0; i < 30; ++i) finish_job(upload());
  clock_.advance(std::chrono::seconds(60));
  for (int i = 0; i < 5; ++i) upload();
  // 30 jobs in the window of 300 s are 0.1 a second; 5 are left.
  EXPECT_NEAR(queue().at("drain_seconds").as_double(), 50, 1e-9);
  clock_.advance(std::chrono::seconds(300));
  EXPECT_TRUE(queue().at("drain_seconds").is_null());
}

TEST_F(QueueAndDeadTest, AYoungProcessMeasuresItsOwnAge) {
  clock_.advance(std::chrono::seconds(20));
  for (int i = 0; i < 10; ++i) finish_job(upload());
  upload();
  EXPECT_NEAR(queue().at("drain_seconds").as_double(), 2, 1e-9);
}

TEST_F(QueueAndDeadTest, TellsHowManyWorkersItTakes) {
  EXPECT_EQ(queue().at("workers_desired").as_double(), 0);
  clock_.advance(std::chrono::minutes(10));
  for (int i = 0; i < 48; ++i) finish_job(upload());
  for (int i = 0; i < 12; ++i) upload();
  // 60 jobs of half a second in a minute take a half of a worker, 12 in a minute a tenth more.
  EXPECT_NEAR(queue().at("workers_desired").as_double(), 0.5 / 0.8 + 0.1, 1e-9);
}

TEST_F(QueueAndDeadTest, AQueueThatIsAwayIsUnavailable) {
  queue_.fail_all(Status(Code::unavailable, "the queue is away"));
  EXPECT_EQ(get("/v1/queue").status(), 503);
}

TEST_F(QueueAndDeadTest, DeadLettersAreListedInPages) {
  const std::string a = dead();
  const std::string b = dead();
  Exchange page = get("/v1/dead?limit=1");
  ASSERT_EQ(page.status(), 200);
  const std::string first = page.text("/images/0/id");
  EXPECT_EQ(page.json().at_pointer("/images/0/dead_letter"), true);
  const std::string link = page.field("Link");
  ASSERT_FALSE(link.empty());
  page = get(link.substr(1, link.find('>') - 1));
  const std::string second = page.text("/images/0/id");
  EXPECT_EQ((std::set{first, second}), (std::set{a, b}));
  EXPECT_EQ(get("/v1/dead?limit=201").status(), 400);
}

TEST_F(QueueAndDeadTest, OneIsTriedAgain) {
  const std::string id = dead();
  const Exchange retried = call("POST", "/v1/dead/" + id + "/retry");
  ASSERT_EQ(retried.status(), 202) << retried.body();
  EXPECT_EQ(retried.field("Location"), "/v1/images/" + id);
  EXPECT_EQ(retried.json().at("status"), "queued");
  EXPECT_EQ(retried.text("/links/renditions/thumb"), "/v1/images/" + id + "/thumb");
  EXPECT_EQ(queue().at("ready"), 1);
  EXPECT_EQ(call("POST", "/v1/dead/" + id + "/retry").status(), 404);
  EXPECT_EQ(call("POST", "/v1/dead/x/retry").status(), 404);
}

TEST_F(QueueAndDeadTest, AllAreTriedAgainOrGivenUp) {
  dead();
  dead();
  EXPECT_EQ(call("POST", "/v1/dead/retry").json().at("retried"), 2);
  const std::string id = dead();
  dead();
  EXPECT_EQ(call("DELETE", "/v1/dead/" + id).status(), 204);
  EXPECT_EQ(call("DELETE", "/v1/dead/" + id).status(), 404);
  EXPECT_EQ(get("/v1/images/" + id).json().at("dead_letter"), false);
  EXPECT_EQ(call("DELETE", "/v1/dead").json().at("purged"), 1);
}

}  // namespace
}  // namespace thumbmill
