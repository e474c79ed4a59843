// What a client that waits for a task hears of it, on a real Redis.
#include "queue/celery/celery_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/celery_fixture.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

using CeleryResultsTest = CeleryQueueTest;

TEST_F(CeleryResultsTest, TasksComeInTheirTime) {
  publish(message("early", R"(,"eta":"2999-01-01T00:00:00+00:00")"));
  publish(message("late", R"(,"expires":"2001-01-01T00:00:00+00:00")"));
  publish(message("now", R"(,"eta":"2001-01-01T00:00:00+00:00")"));
  EXPECT_EQ(lease_one().id(), "now");
  EXPECT_TRUE(lease().empty());
  EXPECT_EQ(unacked(), 2) << "the expired one is gone, the early one waits";
  const auto meta = result_of("late");
  EXPECT_EQ(meta.at("status"), "REVOKED");
  EXPECT_EQ(meta.at("result").at("exc_type"), "TaskRevokedError");
  EXPECT_EQ(meta.at("result").at("exc_module"), "celery.exceptions");
}

// AsyncResult.get() raises, and does not wait for ever.
TEST_F(CeleryResultsTest, WhoeverWaitsForARefusedTaskHearsOfIt) {
  publish(message("pickled").replace(message("pickled").find("application/json"), 16,
                                     "application/x-python-serialize"));
  publish(message("other").replace(message("other").find("tasks.thumb"), 11, "tasks.other"));
  std::string chain = message("chain");
  chain.replace(chain.find(R"(\"callbacks\":null)"), 18,
                R"(\"chain\":[{\"options\":{\"task_id\":\"last\"}}])");
  publish(chain);
  publish(
      R"({"body":"","headers":{},"properties":{"delivery_tag":"p","correlation_id":"protocol 1"}})");
  publish(message("huge", ",\"huge\":\"" + std::string(2'000'000, 'x') + "\""));
  publish(message("quiet", R"(,"compression":"bzip2","ignore_result":true)"));
  EXPECT_TRUE(lease().empty());
  for (const char* id : {"pickled", "chain", "last", "protocol 1", "huge"}) {
    const auto meta = result_of(id);
    ASSERT_FALSE(meta.empty()) << id;
    EXPECT_EQ(meta.at("status"), "FAILURE");
    EXPECT_EQ(meta.at("result").at("exc_type"), "NotImplementedError");
  }
  EXPECT_EQ(result_of("other").at("result").at("exc_type"), "NotRegistered");
  EXPECT_TRUE(result_of("quiet").empty());
  EXPECT_EQ(length("celery.refused"), 6);
}

// A task whose lease was lost after its end comes again.
TEST_F(CeleryResultsTest, WhatWasDoneDoesNotFailAfterwards) {
  publish(message("a"));
  const Lease taken = lease_one();
  ASSERT_TRUE(queue_->report_done(taken, {}, {}).ok());
  ASSERT_TRUE(queue_->report_failed(taken, {Code::not_found, "gone"}, {}).ok());
  EXPECT_EQ(result_of("a").at("status"), "SUCCESS");
}

TEST_F(CeleryResultsTest, ResultsMayBeElsewhere) {
  RedisServer other;
  queue_ =
      open("&result_key_prefix=app_&result=redis%2Bunix://" + other.socket_path() + "%3Fdb%3D3");
  publish(message("a"));
  ASSERT_TRUE(queue_->report_done(lease_one(), {}, {}).ok());
  EXPECT_EQ(redis({"EXISTS", "app_celery-task-meta-a"}).integer, 0);
  RedisConnector there(parse_redis_url(other.url() + "?db=3").value());
  const RedisCommand get = {"GET", "app_celery-task-meta-a"};
  EXPECT_THAT(there.connect().value().call(get).value().text, HasSubstr("SUCCESS"));
  other.process().kill();
  EXPECT_EQ(queue_->check({}).code(), Code::unavailable);
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
