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
  const auto everything = notifier.subscribe("", [&](const JobEvent& e) { all.push_back(e.id); });
  auto of_a = notifier.subscribe("a", [&](const JobEvent& e) { only_a.push_back(e.id); });
  notifier.publish(event("a"));
  notifier.publish(event("b"));
  of_a.reset();
  notifier.publish(event("a"));
  EXPECT_THAT(all, ElementsAre("a", "b", "a"));
  EXPECT_THAT(only_a, ElementsAre("a"));
}

TEST(LocalNotifier, WhatItRemembersIsReadPageByPage) {
  LocalNotifier notifier;
  EXPECT_EQ(notifier.last_sequence(), 0U);
  for (const char* id : {"a", "b", "a", "b", "a"}) notifier.publish(event(id));
  EXPECT_EQ(notifier.last_sequence(), 5U);
  const auto sequences = [](const EventPage& page) {
    std::vector<std::uint64_t> found;
    for (const JobEvent& e : page.events) found.push_back(e.sequence);
    return found;
  };
  EventPage page = notifier.events_after(1, "", 2);
  EXPECT_THAT(sequences(page), ElementsAre(2U, 3U));
  EXPECT_EQ(page.last, 3U);
  page = notifier.events_after(page.last, "", 9);
  EXPECT_THAT(sequences(page), ElementsAre(4U, 5U));
  page = notifier.events_after(1, "a", 1);
  EXPECT_THAT(sequences(page), ElementsAre(3U));
  EXPECT_EQ(page.last, 3U);
  page = notifier.events_after(3, "c", 9);
  EXPECT_THAT(sequences(page), ElementsAre());
  EXPECT_EQ(page.last, 5U) << "what was looked at is not looked at again";
  EXPECT_FALSE(page.gap);
  page = notifier.events_after(1'000, "", 9);
  EXPECT_THAT(sequences(page), ElementsAre());
  EXPECT_EQ(page.last, 5U) << "as another process numbered them";
}

TEST(LocalNotifier, WhoReadsOnTooLateIsToldOfTheGap) {
  constexpr std::uint64_t kForgotten = 3;
  LocalNotifier notifier;
  for (std::uint64_t i = 0; i < EventFanOut::kRemembered + kForgotten; ++i) {
    notifier.publish(event("a"));
  }
  EXPECT_FALSE(notifier.events_after(kForgotten, "", 1).gap);
  const EventPage page = notifier.events_after(kForgotten - 1, "", 1);
  EXPECT_TRUE(page.gap);
  EXPECT_EQ(page.events.at(0).sequence, kForgotten + 1);
}

TEST(LocalNotifier, ListenersMayDropSubscriptionsTheirOwnToo) {
  LocalNotifier notifier;
  std::unique_ptr<Subscription> own, other;
  int calls = 0, other_calls = 0;
  own = notifier.subscribe("", [&](const JobEvent&) {
    ++calls;
    other.reset();
    own.reset();
  });
  other = notifier.subscribe("", [&](const JobEvent&) { ++other_calls; });
  notifier.publish(event("a"));
  notifier.publish(event("b"));
  EXPECT_EQ(calls, 1);
  EXPECT_LE(other_calls, 1);
}

TEST(LocalNotifier, ManyThreadsPublishInOrder) {
  LocalNotifier notifier;
  std::uint64_t last = 0;
  bool in_order = true;
  const auto subscription = notifier.subscribe("", [&](const JobEvent& e) {
    in_order = in_order && e.sequence == last + 1;
    last = e.sequence;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        notifier.publish(event("x"));
        notifier.subscribe("x", [](const JobEvent&) {}).reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(last, 2000u);
}

}  // namespace
}  // namespace thumbmill
