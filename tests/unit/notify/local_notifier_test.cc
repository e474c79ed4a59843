#include "notify/local/local_notifier.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using ::testing::ElementsAre;

JobEvent event(std::string id, JobState state = JobState::queued) {
  JobEvent made;
  made.id = std::move(id);
  made.state = state;
  return made;
}

TEST(LocalNotifier, TellsWhoeverListensForThatJobOrAll) {
  LocalNotifier notifier;
  std::vector<std::string> all, only_a;
  const auto everything =
      notifier.subscribe("", {}, [&](const JobEvent& e) { all.push_back(e.id); });
  auto of_a = notifier.subscribe("a", {}, [&](const JobEvent& e) { only_a.push_back(e.id); });
  notifier.publish(event("a"));
  notifier.publish(event("b"));
  of_a.reset();
  notifier.publish(event("a"));
  EXPECT_THAT(all, ElementsAre("a", "b", "a"));
  EXPECT_THAT(only_a, ElementsAre("a"));
}

TEST(LocalNotifier, SubscribersThatResumeGetWhatTheyMissedFirst) {
  LocalNotifier notifier;
  for (const char* id : {"1", "2", "3"}) notifier.publish(event(id));
  std::vector<std::uint64_t> seen;
  const auto subscription =
      notifier.subscribe("", 1, [&](const JobEvent& e) { seen.push_back(e.sequence); });
  notifier.publish(event("4"));
  EXPECT_THAT(seen, ElementsAre(2u, 3u, 4u));
}

TEST(LocalNotifier, ListenersMayDropSubscriptionsTheirOwnToo) {
  LocalNotifier notifier;
  std::unique_ptr<Subscription> own, other;
  int calls = 0, other_calls = 0;
  own = notifier.subscribe("", {}, [&](const JobEvent&) {
    ++calls;
    other.reset();
    own.reset();
  });
  other = notifier.subscribe("", {}, [&](const JobEvent&) { ++other_calls; });
  notifier.publish(event("a"));
  notifier.publish(event("b"));
  EXPECT_EQ(calls, 1);
  EXPECT_LE(other_calls, 1);
}

TEST(LocalNotifier, ManyThreadsPublishInOrder) {
  LocalNotifier notifier;
  std::uint64_t last = 0;
  bool in_order = true;
  const auto subscription = notifier.subscribe("", {}, [&](const JobEvent& e) {
    in_order = in_order && e.sequence == last + 1;
    last = e.sequence;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        notifier.publish(event("x"));
        notifier.subscribe("x", {}, [](const JobEvent&) {}).reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(last, 2000u);
}

}  // namespace
}  // namespace thumbmill
