// What every Notifier that reaches other processes must do. Each "process" is a Notifier of its
// own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/named_id.h"
#include "notify/notifier.h"

namespace thumbmill {

/// What a listener has heard of other than probes, to be waited for.
class Heard {
 public:
  static constexpr std::string_view kProbe = "probe";  // named_id

  void operator()(const JobEvent& event) {
    {
      const std::lock_guard lock(mutex_);
      if (event.id == named_id(kProbe)) {
        ++probes_;
      } else {
        events_.push_back(event);
      }
    }
    changed_.notify_all();
  }
  std::vector<JobEvent> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return events_.size() >= count; });
    return events_;
  }
  bool has_probe_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [&] { return probes_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JobEvent> events_;  // guarded by mutex_, as the next
  int probes_ = 0;
};

/// A server, and the processes that share it.
class NotifierWorld {
 public:
  virtual ~NotifierWorld() = default;
  virtual std::unique_ptr<Notifier> process() = 0;
  /// Publishes a text, as somebody else, where the processes publish their events.
  virtual void publish_foreign(const std::string& text) = 0;
  /// Of all processes together.
  virtual double foreign_records() const = 0;
  virtual std::size_t warnings() const = 0;
  /// Makes the server answer nothing, or answer again with nothing remembered.
  virtual void hang() = 0;
  virtual void come_back() = 0;
};

struct NotifierFactory {
  std::string name;
  std::function<std::unique_ptr<NotifierWorld>()> make;
};

class NotifierSuite : public ::testing::TestWithParam<NotifierFactory> {
 protected:
  /// Of the job with named_id(name).
  static JobEvent event(std::string_view name, JobState state = JobState::queued,
                        std::string code = "") {
    JobEvent made;
    made.id = named_id(name);
    made.state = state;
    made.at = from_unix_ms(1'767'225'600'123);
    made.code = std::move(code);
    return made;
  }

  /// Until `there` hears what `here` publishes.
  static void await_hearing(Notifier& here, Notifier& there) {
    Heard heard;
    const auto listening = there.subscribe(named_id(Heard::kProbe), std::ref(heard));
    do {
      here.publish(event(Heard::kProbe));
    } while (!heard.has_probe_within(std::chrono::milliseconds(20)));
  }

  const std::unique_ptr<NotifierWorld> world_ = GetParam().make();
};

TEST_P(NotifierSuite, OtherProcessesHearOnce) {
  const auto here = world_->process();
  const auto there = world_->process();
  await_hearing(*here, *there);
  await_hearing(*there, *here);
  Heard own, others;
  const auto listening_here = here->subscribe("", std::ref(own));
  const auto listening_there = there->subscribe(named_id("a"), std::ref(others));
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
  EXPECT_THAT(
      ids, ::testing::ElementsAre(named_id("b"), named_id("a"), named_id("a"), named_id("answer")))
      << "its own ones did not come back";
}

TEST_P(NotifierSuite, WhatOthersPublishIsIgnored) {
  const auto here = world_->process();
  const auto there = world_->process();
  await_hearing(*here, *there);
  await_hearing(*there, *here);
  Heard heard;
  const auto listening = there->subscribe("", std::ref(heard));
  const std::string id = named_id("a");
  const std::vector<std::string> foreign = {"hello",
                                            "",
                                            std::string("\0\xff\n", 3),
                                            std::string(100'000, 'x'),
                                            "2 origin " + id + " done 1 1 1 ",
                                            "1 origin hello done 1 1 1 ",
                                            "1 origin ../" + id + " done 1 1 1 ",
                                            "1 origin " + id + " dreaming 1 1 1 ",
                                            "1 origin " + id + " done 1 -1 1 ",
                                            "1 origin " + id + " done 1 1 -9223372036854775808 ",
                                            R"({"v":1,"id":")" + id + R"("})"};
  for (const std::string& text : foreign) world_->publish_foreign(text);
  here->publish(event("b"));
  EXPECT_EQ(heard.await(1)[0].id, named_id("b").text());
  // Each process hears them; that there is one that has heard the last is enough.
  EXPECT_GE(world_->foreign_records(), static_cast<double>(foreign.size()));
  EXPECT_LE(world_->warnings(), 2u) << "a line of each process";
}

TEST_P(NotifierSuite, PublishingNeverWaitsAndListeningComesBack) {
  const auto here = world_->process();
  const auto there = world_->process();
  await_hearing(*here, *there);
  Heard own, others;
  const auto listening_here = here->subscribe("", std::ref(own));
  const auto listening_there = there->subscribe(named_id("late"), std::ref(others));
  world_->hang();
  for (int i = 0; i < 10'000; ++i) here->publish(event(std::to_string(i)));
  EXPECT_EQ(own.await(10'000).size(), 10'000u);
  world_->come_back();
  await_hearing(*here, *there);
  here->publish(event("late"));
  EXPECT_EQ(others.await(1)[0].id, named_id("late").text());
}

TEST_P(NotifierSuite, EndsWhileTheServerHangs) {
  const auto here = world_->process();
  const auto there = world_->process();
  await_hearing(*here, *there);
  world_->hang();
  here->publish(event("a"));
}

TEST_P(NotifierSuite, BeginsWithoutTheServer) {
  world_->hang();
  const auto here = world_->process();
  const auto there = world_->process();
  Heard own;
  const auto listening = here->subscribe("", std::ref(own));
  here->publish(event("a"));
  EXPECT_EQ(own.await(1)[0].id, named_id("a").text());
  world_->come_back();
  await_hearing(*here, *there);
}

}  // namespace thumbmill
