// CeleryQueue on a real Redis: taking tasks and settling leases. Against real Celery programs:
// tests/celery/run.
#include "queue/celery/celery_queue.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/celery_fixture.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(CeleryQueueTest, TakesOldestFirstAndHighestPriorityBefore) {
  publish(message("a"));
  publish(message("b"));
  publish(message("low"),
          "celery\x06\x16"
          "3");
  std::vector<std::string> ids;
  for (const Lease& lease : lease(5)) ids.push_back(lease.id());
  EXPECT_THAT(ids, ElementsAre("a", "b", "low"));
  EXPECT_EQ(unacked(), 3);
  EXPECT_EQ(redis({"ZCARD", "unacked_index"}).integer, 3);
}

// As Celery's documentation sets priorities: priority_steps=list(range(10)), sep=":".
TEST_F(CeleryQueueTest, ReadsTheListsOfEveryPriority) {
  queue_ = open("&priority_steps=0,1,2,3,4,5,6,7,8,9&sep=:");
  publish(message("last"), "celery:9");
  publish(message("second"), "celery:5");
  publish(message("first"));
  std::vector<std::string> ids;
  for (const Lease& taken : lease(5)) ids.push_back(taken.id());
  EXPECT_THAT(ids, ElementsAre("first", "second", "last"));
  EXPECT_THAT(log_.warnings(), ElementsAre());
}

TEST_F(CeleryQueueTest, WarnsOfListsThatNobodyReads) {
  publish(message("lost"), "celery:5");
  publish(message("read"),
          "celery\x06\x16"
          "6");
  EXPECT_EQ(lease_one().id(), "read");
  EXPECT_TRUE(lease().empty());
  EXPECT_THAT(log_.warnings(), ElementsAre(HasSubstr("does not read"))) << "once a minute";
}

TEST_F(CeleryQueueTest, NotesWhatItTakesAsKombuDoes) {
  publish(message("a"));
  const Lease taken = lease_one();
  EXPECT_EQ(redis({"HGET", "unacked", "tag-a"}).text, "[" + message("a") + R"(,"","celery"])");
  const double score = std::stod(redis({"ZSCORE", "unacked_index", "tag-a"}).text);
  const double now = static_cast<double>(to_unix_ms(clock_.wall_now())) / 1000;
  EXPECT_NEAR(score, now + 60 - 1000, 10) << "a visibility timeout before the lease's end";
}

TEST_F(CeleryQueueTest, AckLeavesNothing) {
  publish(message("a"));
  Lease taken = lease_one();
  EXPECT_EQ(taken.attempt(), 1);
  ASSERT_TRUE(taken.ack({}).ok());
  EXPECT_EQ(redis({"DBSIZE"}).integer, 0);
}

TEST_F(CeleryQueueTest, ALeaseThatRanOutIsTakenOverAndLost) {
  publish(message("a"));
  Lease first = lease_one(milliseconds(1));
  Lease second = await_lease();
  EXPECT_EQ(second.id(), "a");
  EXPECT_EQ(second.attempt(), 2);
  EXPECT_EQ(first.extend(kLong, {}).code(), Code::lease_lost);
  EXPECT_EQ(first.ack({}).code(), Code::lease_lost);
  EXPECT_TRUE(second.ack({}).ok());
}

TEST_F(CeleryQueueTest, ExtendingKeepsALease) {
  publish(message("a"));
  Lease taken = lease_one(kLong);
  ASSERT_TRUE(taken.extend(2 * kLong, {}).ok());
  const double score = std::stod(redis({"ZSCORE", "unacked_index", "tag-a"}).text);
  const double now = static_cast<double>(to_unix_ms(clock_.wall_now())) / 1000;
  EXPECT_NEAR(score, now + 120 - 1000, 10);
  EXPECT_TRUE(lease().empty());
  EXPECT_TRUE(taken.ack({}).ok());
}

// kombu's QoS.append writes the time of taking over our score.
TEST_F(CeleryQueueTest, WhatACeleryWorkerHasTakenIsNotOurs) {
  publish(message("a"));
  Lease taken = lease_one();
  const auto now = std::to_string(to_unix_ms(clock_.wall_now()) / 1000);
  redis({"ZADD", "unacked_index", now, "tag-a"});
  EXPECT_EQ(taken.extend(kLong, {}).code(), Code::lease_lost);
  EXPECT_EQ(taken.ack({}).code(), Code::lease_lost);
  EXPECT_EQ(unacked(), 1);
  EXPECT_TRUE(lease().empty());
}

TEST_F(CeleryQueueTest, WhatADeadCeleryWorkerHadIsOursToTake) {
  leave_unacked("a", "", "celery");
  leave_unacked("b", "", "mail");
  Lease taken = lease_one();
  EXPECT_EQ(taken.id(), "a");
  EXPECT_EQ(taken.payload(), message("a"));
  EXPECT_TRUE(lease().empty()) << "another queue's message is left to its workers";
  EXPECT_TRUE(taken.ack({}).ok());
}

// As kombu's Channel._queue_bind notes them, for a topic with the expression that it makes.
TEST_F(CeleryQueueTest, TasksThatADeadCeleryWorkerHadAreMatchedByBinding) {
  const std::string sep = "\x06\x16";
  const auto bind = [&](const std::string& exchange, const std::string& key,
                        const std::string& expression, const std::string& queue) {
    redis({"SADD", "_kombu.binding." + exchange, key + sep + expression + sep + queue});
  };
  bind("media", "media.#", R"(^media\..*?$)", "celery");
  bind("media", "mail.*", R"(^mail\..*?[^\.]$)", "mail");
  bind("direct", "thumbs", "", "celery");
  bind("direct", "mails", "", "mail");
  bind("other", "*.thumb", R"(^.*?[^\.]\.thumb$)", "celery");
  leave_unacked("topic", "media", "media.thumb.large", 1);
  leave_unacked("direct", "direct", "thumbs", 2);
  leave_unacked("star", "other", "a.thumb", 3);
  leave_unacked("mail", "media", "mail.new", 4);
  leave_unacked("mails", "direct", "mails", 5);
  leave_unacked("near", "other", "athumb", 6);
  leave_unacked("gone", "unbound", "media.thumb", 7);
  std::vector<std::string> ids;
  for (const Lease& taken : lease(9)) ids.push_back(taken.id());
  EXPECT_THAT(ids, ElementsAre("topic", "direct", "star"));
  EXPECT_EQ(unacked(), 7);
}

// Whoever restores it must find our list: by kombu's default exchange, whose routing keys are
// queues.
TEST_F(CeleryQueueTest, TasksOfATopicExchangeAreNotedSoThatCeleryFindsTheQueue) {
  std::string text = message("a");
  text.replace(text.find(R"("exchange":"")"), 13, R"("exchange":"media")");
  text.replace(text.find(R"("routing_key":"celery")"), 22, R"("routing_key":"media.thumb")");
  publish(text);
  const Lease taken = lease_one();
  EXPECT_EQ(redis({"HGET", "unacked", "tag-a"}).text, "[" + text + R"(,"","celery"])");
}

// They may be overdue for as long as no worker of theirs is there.
TEST_F(CeleryQueueTest, OverdueTasksOfOtherQueuesKeepNoneOfOursBack) {
  for (int number = 0; number < 130; ++number) {
    leave_unacked(fmt::format("mail-{}", number), "", "mail", 1'000 + number);
  }
  publish(message("retried"));
  Lease taken = lease_one();
  ASSERT_TRUE(taken.retry(milliseconds(0), Code::unavailable, AttemptCost::counted, {}).ok());
  EXPECT_EQ(await_lease().id(), "retried");
  publish(message("countdown", fmt::format(R"(,"eta":"{}")",
                                           format_rfc3339(clock_.wall_now() + milliseconds(20)))));
  EXPECT_EQ(await_lease().id(), "countdown");
  publish(message("killed"));
  const Lease lost = lease_one(milliseconds(1));
  EXPECT_EQ(await_lease().id(), "killed");
  leave_unacked("celery", "", "celery", 2'000);
  EXPECT_EQ(await_lease().id(), "celery") << "a dead Celery worker's, behind all others";
  EXPECT_EQ(unacked(), 130 + 4);
}

TEST_F(CeleryQueueTest, HandedBackIsDeliveredAgainAtOnceAndUncounted) {
  publish(message("a"));
  Lease taken = lease_one();
  ASSERT_TRUE(taken.hand_back({}).ok());
  EXPECT_EQ(lease_one().attempt(), 1);
}

TEST_F(CeleryQueueTest, RetriesComeWithTheirCount) {
  publish(message("a"));
  Lease first = lease_one();
  ASSERT_TRUE(first.retry(kLong, Code::unavailable, AttemptCost::free, {}).ok());
  EXPECT_TRUE(lease().empty()) << "not before its time";
  redis({"DEL", "unacked_index"});
  publish(message("b"));
  Lease b = lease_one();
  ASSERT_TRUE(b.retry(milliseconds(0), Code::decoder_crashed, AttemptCost::counted, {}).ok());
  b = await_lease();
  EXPECT_EQ(b.attempt(), 2);
  EXPECT_EQ(b.last_failure(), Code::decoder_crashed);
}

TEST_F(CeleryQueueTest, BuriedMessagesAreKeptAside) {
  publish(message("a"));
  Lease taken = lease_one();
  ASSERT_TRUE(taken.bury(Code::corrupt_input, {}).ok());
  EXPECT_EQ(redis({"LRANGE", "celery.dead", "0", "-1"}).list.at(0).text, message("a"));
  EXPECT_EQ(unacked(), 0);
}

TEST_F(CeleryQueueTest, WhatIsNotForUsIsRefusedAndKept) {
  publish("no JSON");
  publish(message("other").replace(message("other").find("tasks.thumb"), 11, "tasks.other"));
  publish(message("a"));
  EXPECT_EQ(lease_one().id(), "a");
  EXPECT_EQ(length("celery.refused"), 2);
  EXPECT_EQ(unacked(), 1);
}

// A message that was taken is never lost, nor does it keep others from being taken.
TEST_F(CeleryQueueTest, StrangeMessagesAreRefusedAndKept) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  std::string deep_body = message("deep body");
  deep_body.replace(deep_body.find("[["), 2, nested(10'000) + ",[[");
  const std::vector<std::string> strange = {
      message("deep", ",\"deep\":" + nested(10'000)),
      // In `unacked` it is one deeper than the 1000 that Redis' decoder takes.
      message("edge", ",\"deep\":" + nested(998)),
      message("deep argument", ",\"deep\":" + nested(100)),
      deep_body,
      message("invalid \xff UTF-8"),
      message("surrogate \\ud800"),
      message("huge", ",\"huge\":\"" + std::string(2'000'000, 'x') + "\""),
      R"({})",
      "null",
      "7",
      R"(["delivery_tag"])",
      R"({"properties":{"delivery_tag":"alone"}})",
      R"({"properties":{"delivery_tag":7},"headers":{},"body":""})",
      R"({"properties":7,"headers":[],"body":{}})",
      R"({"properties":{"delivery_tag":"types","delivery_info":[7]},"headers":{"id":1,"task":[]},"body":{}})",
      R"({"properties":{"delivery_tag":""},"headers":{},"body":""})",
      "",
      std::string("\0\n\xff", 3),
  };
  for (const std::string& text : strange) publish(text);
  publish(message("ours"));
  EXPECT_EQ(lease_one().id(), "ours");
  EXPECT_TRUE(lease().empty());
  std::multiset<std::string> kept;
  for (const RedisReply& text : redis({"LRANGE", "celery.refused", "0", "-1"}).list) {
    kept.insert(text.text);
  }
  EXPECT_EQ(kept, std::multiset<std::string>(strange.begin(), strange.end()));
  EXPECT_EQ(metrics_.value(metric::kForeignRecords, {"celery"}), strange.size());
  EXPECT_THAT(log_.warnings(), ElementsAre(HasSubstr("not ours")));
  EXPECT_EQ(unacked(), 1);
  EXPECT_EQ(redis({"ZCARD", "unacked_index"}).integer, 1);
}

// As an older version, or somebody else, may have left them.
TEST_F(CeleryQueueTest, WhatCannotBeReadInUnackedKeepsNoTaskBack) {
  int number = 0;
  for (const std::string& value :
       {std::string("no JSON"), std::string("7"), std::string("[]"), std::string("[1,2,3]"),
        std::string(2'000, '[') + std::string(2'000, ']'), std::string()}) {
    const std::string tag = fmt::format("foreign-{}", number++);
    redis({"HSET", "unacked", tag, value});
    redis({"ZADD", "unacked_index", "1", tag});
  }
  redis({"SET", "thumbmill:celery:tag-a", "no note of ours"});
  redis({"RPUSH", "thumbmill:celery:tag-b", "not even a text"});
  publish(message("a"));
  publish(message("b"));
  EXPECT_EQ(lease(5).size(), 2u);
  EXPECT_EQ(unacked(), number + 2) << "what may be somebody else's is left alone";
}

TEST_F(CeleryQueueTest, TellsWhereTheImageIs) {
  publish(message("a"));
  const ImageTask task = queue_->task(lease_one()).value();
  EXPECT_EQ(task.source, "a.jpg");
  EXPECT_EQ(task.target_key("thumb", "png"), "thumbnails/a.jpg.png");
}

TEST_F(CeleryQueueTest, AServerThatIsAwayIsUnavailable) {
  server_->process().kill();
  EXPECT_EQ(queue_->check({}).code(), Code::unavailable);
  EXPECT_EQ(queue_->lease(1, kLong, milliseconds(0), {}).status().code(), Code::unavailable);
}

}  // namespace
}  // namespace thumbmill
