#include "sandbox/memory_budget.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

class MemoryBudgetTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMostPatient = 8;

  SystemClock clock_;
  MemoryBudget budget_{100, kMostPatient, clock_};
};

TEST_F(MemoryBudgetTest, SharesAreTakenAndGivenBack) {
  {
    auto first = budget_.take(60, {}).value();
    auto second = budget_.take(40, {}).value();
    EXPECT_EQ(budget_.taken_bytes(), 100u);
    MemoryBudget::Share moved = std::move(first);
    EXPECT_FALSE(first.taken());
    EXPECT_TRUE(moved.taken());
    moved = std::move(second);
    EXPECT_EQ(budget_.taken_bytes(), 40u);
  }
  EXPECT_EQ(budget_.taken_bytes(), 0u);
}

TEST_F(MemoryBudgetTest, MoreThanThereIsIsRefusedAndNamesTheSetting) {
  const Status status = budget_.take(101, {}).status();
  EXPECT_EQ(status.code(), Code::too_large);
  EXPECT_NE(status.message().find("decoder-memory-budget"), std::string::npos);
  EXPECT_TRUE(budget_.take(100, {}).ok());
}

TEST_F(MemoryBudgetTest, WaitingEndsAtTheDeadlineAndOnAStop) {
  const auto all = budget_.take(100, {}).value();
  OpContext late;
  late.deadline = clock_.now() + std::chrono::milliseconds(5);
  EXPECT_EQ(budget_.take(1, late).status().code(), Code::deadline_exceeded);
  std::stop_source stop;
  OpContext stopped;
  stopped.stop = stop.get_token();
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(budget_.take(1, stopped).status().code(), Code::cancelled);
}

TEST_F(MemoryBudgetTest, ALargeOneIsNotStarvedByThoseBehindIt) {
  auto present = budget_.take(50, {}).value();
  std::atomic<bool> large_done = false;
  std::jthread large([&] {
    const auto share = budget_.take(100, {}).value();
    large_done = true;
  });
  // Small ones fit beside the present one, and go before the large one so many times; from then on
  // they wait behind it.
  OpContext moment;
  Status status;
  do {
    moment.deadline = clock_.now() + std::chrono::milliseconds(1);
    status = budget_.take(1, moment).status();
  } while (status.ok());
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_FALSE(large_done);
  std::jthread small([&] {
    const auto share = budget_.take(1, {}).value();
    EXPECT_TRUE(large_done);
  });
  present.give_back();
}

TEST_F(MemoryBudgetTest, WhatFitsBesideALargeOneThatWaitsNeedNotWait) {
  auto present = budget_.take(50, {}).value();
  std::stop_source stop;
  OpContext context;
  context.stop = stop.get_token();
  std::jthread large([&] { EXPECT_FALSE(budget_.take(100, context).ok()); });
  OpContext soon;
  soon.deadline = clock_.now() + std::chrono::seconds(30);
  for (int i = 0; i < MemoryBudget::kMostOvertaking; ++i) {
    EXPECT_TRUE(budget_.take(50, soon).ok());
  }
  stop.request_stop();
}

TEST(MemoryBudgetOnSimulatedTime, OneWaitsForAsLongAsItTakesAndTheNextForAMoment) {
  SimClock clock;
  MemoryBudget budget(100, 1, clock);
  auto present = budget.take(60, {}).value();
  OpContext context;
  context.deadline = clock.now() + std::chrono::hours(2);
  Status first;
  std::jthread patient([&] { first = budget.take(100, context).status(); });
  clock.await_waiters(1);
  Status second;
  std::jthread next([&] { second = budget.take(41, {}).status(); });
  clock.await_waiters(2);
  EXPECT_TRUE(budget.take(40, {}).ok());
  clock.advance(MemoryBudget::kShortWait);
  next.join();
  EXPECT_EQ(second.code(), Code::exhausted);
  clock.advance(std::chrono::hours(1));
  present.give_back();
  patient.join();
  EXPECT_TRUE(first.ok()) << first.to_string();
}

TEST_F(MemoryBudgetTest, OneThatGivesUpDoesNotHoldTheOthers) {
  auto present = budget_.take(50, {}).value();
  std::stop_source stop;
  OpContext context;
  context.stop = stop.get_token();
  std::jthread large([&] { EXPECT_FALSE(budget_.take(100, context).ok()); });
  OpContext moment;
  do {
    moment.deadline = clock_.now() + std::chrono::milliseconds(1);
  } while (budget_.take(1, moment).ok());
  std::jthread small([&] { EXPECT_TRUE(budget_.take(1, {}).ok()); });
  stop.request_stop();
}

TEST_F(MemoryBudgetTest, IsNeverOverdrawn) {
  std::atomic<std::uint64_t> taken = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 500; ++n) {
        const auto bytes = static_cast<std::uint64_t>(1 + (i * 37 + n * 11) % 100);
        const auto share = budget_.take(bytes, {}).value();
        EXPECT_LE(taken += bytes, 100u);
        taken -= bytes;
      }
    });
  }
}

}  // namespace
}  // namespace thumbmill
