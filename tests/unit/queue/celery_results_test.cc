// What whoever waits for a task hears of it, on a real Redis.
#include <gtest/gtest.h>

#include "queue/celery_fixture.h"

namespace thumbmill {
namespace {

using CeleryResultsTest = CeleryQueueTest;

TEST_F(CeleryResultsTest, TasksComeInTheirTime) {
  publish(message("early", R"(,"eta":"2999-01-01T00:00:00+00:00")"));
  publish(message("late", R"(,"expires":"2001-01-01T00:00:00+00:00")"));
  publish(message("now", R"(,"eta":"2001-01-01T00:00:00+00:00")"));
  EXPECT_EQ(lease_one().id(), "now");
  EXPECT_TRUE(lease().empty());
  EXPECT_EQ(unacked(), 2) << "the expired one is gone, the early one waits";
}

TEST_F(CeleryResultsTest, ResultsAreAsCeleryWritesThem) {
  publish(message("a"));
  publish(message("b"));
  const auto taken = lease(2);
  ASSERT_TRUE(
      queue_
          ->report_done(taken.at(0),
                        {{"thumbnails/a.jpg", {"thumb", ImageFormat::jpeg, {9, 8}, 7, {}, {}}}}, {})
          .ok());
  auto meta = result_of("a");
  EXPECT_EQ(meta.at("status"), "SUCCESS");
  EXPECT_EQ(meta.at("task_id"), "a");
  EXPECT_EQ(meta.at("result").at("thumbnails").at(0).at("key"), "thumbnails/a.jpg");
  EXPECT_GT(redis({"TTL", "celery-task-meta-a"}).integer, 86000);
  ASSERT_TRUE(queue_->report_failed(taken.at(1), {Code::corrupt_input, "damaged"}, {}).ok());
  meta = result_of("b");
  EXPECT_EQ(meta.at("status"), "FAILURE");
  EXPECT_EQ(meta.at("result").at("exc_type"), "ValueError");
  EXPECT_EQ(meta.at("result").at("exc_message").at(0), "corrupt_input: damaged");
}

TEST_F(CeleryResultsTest, IgnoredResultsAreNotWritten) {
  publish(message("a", R"(,"ignore_result":true)"));
  const Lease taken = lease_one();
  ASSERT_TRUE(queue_->report_done(taken, {}, {}).ok());
  EXPECT_EQ(redis({"EXISTS", "celery-task-meta-a"}).integer, 0);
}

}  // namespace
}  // namespace thumbmill
