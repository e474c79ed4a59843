#include "notify/redis/redis_notifier.h"

#include <condition_variable>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "notify/redis/event_line.h"

namespace thumbmill {
namespace {

using ::testing::ElementsAre;

JobEvent event(std::string id, JobState state = JobState::queued, std::string code = "") {
  JobEvent made;
  made.id = std::move(id);
  made.state = state;
  made.at = from_unix_ms(1'767'225'600'123);
  made.code = std::move(code);
  return made;
}

// What a listener has heard, to be waited for.
class Heard {
 public:
  void operator()(const JobEvent& event) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    }
    changed_.notify_all();
  }
  std::vector<JobEvent> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return events_.size() >= count; });
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JobEvent> events_;
};

class RedisNotifierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server program";
    server_.emplace();
    options_ = parse_redis_url(server_->url()).value();
  }
  std::unique_ptr<RedisNotifier> process() {
    return std::make_unique<RedisNotifier>(options_, random_, log_);
  }
  // Until so many processes listen to the server.
  void await_listeners(int count) {
    RedisConnector connector(options_);
    RedisConnection connection = connector.connect().value();
    const RedisCommand ask = {"PUBSUB", "NUMSUB", "{thumbmill}:events"};
    while (connection.call(ask).value().list.at(1).integer != count) continue;
  }

  NoLogger log_;
  Random random_{1};
  std::optional<RedisServer> server_;
  RedisOptions options_;
};

TEST_F(RedisNotifierTest, OtherProcessesHearOnce) {
  const auto here = process();
  const auto there = process();
  await_listeners(2);
  Heard own, others;
  const auto listening_here = here->subscribe("", {}, std::ref(own));
  const auto listening_there = there->subscribe("a", {}, std::ref(others));
  here->publish(event("b"));
  here->publish(event("a", JobState::failed, "corrupt_input"));
  here->publish(event("a", JobState::deleted));
  const auto heard = others.await(2);
  EXPECT_EQ(heard[0].state, JobState::failed);
  EXPECT_EQ(heard[0].code, "corrupt_input");
  EXPECT_EQ(heard[0].at, from_unix_ms(1'767'225'600'123));
  EXPECT_EQ(heard[1].state, JobState::deleted);
  there->publish(event("answer"));
  std::vector<std::string> ids;
  for (const JobEvent& e : own.await(4)) ids.push_back(e.id);
  EXPECT_THAT(ids, ElementsAre("b", "a", "a", "answer")) << "its own ones did not come back";
}

TEST_F(RedisNotifierTest, PublishingNeverWaitsAndListeningComesBack) {
  const auto here = process();
  const auto there = process();
  await_listeners(2);
  Heard own, others;
  const auto listening_here = here->subscribe("", {}, std::ref(own));
  const auto listening_there = there->subscribe("late", {}, std::ref(others));
  server_->process().suspend();
  for (int i = 0; i < 10'000; ++i) here->publish(event(std::to_string(i)));
  EXPECT_EQ(own.await(10'000).size(), 10'000u);
  server_->process().kill();
  server_->process().start();
  await_listeners(2);
  here->publish(event("late"));
  EXPECT_EQ(others.await(1)[0].id, "late");
}

TEST_F(RedisNotifierTest, EndsWhileTheServerHangs) {
  const auto here = process();
  await_listeners(1);
  server_->process().suspend();
}

TEST(EventLine, IsReadBack) {
  JobEvent done = event("a", JobState::done);
  done.attempt = 2;
  done.worker_time = std::chrono::microseconds(12'345);
  const auto line = from_event_line(to_event_line("me", done));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->origin, "me");
  EXPECT_EQ(line->event.id, "a");
  EXPECT_EQ(line->event.state, JobState::done);
  EXPECT_EQ(line->event.code, "");
  EXPECT_EQ(line->event.attempt, 2);
  EXPECT_EQ(line->event.worker_time, done.worker_time);
}

TEST(EventLine, PassesOverWhatIsNotOurs) {
  for (const char* line : {"", " ", "1", "1 me a done 12 1 5", "2 me a done 12 1 5 ",
                           "1 me a dreaming 12 1 5 ", "1 me a done 12x 1 5 ", "1 me a done  1 5 ",
                           "1 me  done 12 1 5 ", "1 me a done 12 x 5 ", "1 me a done 12 1 5x "}) {
    EXPECT_FALSE(from_event_line(line)) << line;
  }
  EXPECT_TRUE(from_event_line("1 me a done 12 1 5 "));
}

}  // namespace
}  // namespace thumbmill
