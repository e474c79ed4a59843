#include "base/gatherer.h"

#include <atomic>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "fakes/eventually.h"

namespace thumbmill {
namespace {

struct Doubling {
  int number = 0;
  int doubled = 0;
};

using Group = std::vector<Doubling*>;

TEST(Gatherer, OneCallIsAGroupOfItsOwn) {
  std::size_t calls = 0;
  Gatherer<Doubling> gatherer(8, [&](const Group& group) {
    calls += group.size();
    for (Doubling* call : group) call->doubled = 2 * call->number;
  });
  Doubling call{.number = 21};
  gatherer.run(call);
  EXPECT_EQ(call.doubled, 42);
  EXPECT_EQ(calls, 1u);
}

TEST(Gatherer, EachOfManyGetsItsOwnAnswerInGroupsThatKeepToTheLimit) {
  constexpr int kCallers = 16;
  constexpr int kRounds = 200;
  constexpr std::size_t kMost = 4;
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  std::atomic<bool> too_large = false;
  Gatherer<Doubling> gatherer(kMost, [&](const Group& group) {
    if (inside.fetch_add(1) != 0) overlapped = true;
    if (group.empty() || group.size() > kMost) too_large = true;
    for (Doubling* call : group) call->doubled = 2 * call->number;
    inside.fetch_sub(1);
  });
  std::latch all_here(kCallers);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> callers;
    callers.reserve(kCallers);
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&, i] {
        all_here.arrive_and_wait();
        for (int round = 0; round < kRounds; ++round) {
          Doubling call{.number = i * kRounds + round};
          gatherer.run(call);
          if (call.doubled == 2 * call.number) ++right;
        }
      });
    }
  }
  EXPECT_EQ(right, kCallers * kRounds);
  EXPECT_FALSE(overlapped);
  EXPECT_FALSE(too_large);
}

TEST(Gatherer, CallsThatComeWhileAGroupIsCarriedOutGoTogether) {
  std::latch first_is_in(1);
  std::latch others_wait(1);
  std::vector<std::size_t> sizes;  // one group at a time
  Gatherer<Doubling> gatherer(8, [&](const Group& group) {
    if (sizes.empty()) {
      first_is_in.count_down();
      others_wait.wait();
    }
    sizes.push_back(group.size());
  });
  Doubling first;
  std::jthread holder([&] { gatherer.run(first); });
  first_is_in.wait();
  constexpr int kOthers = 5;
  {
    std::vector<std::jthread> others;
    others.reserve(kOthers);
    for (int i = 0; i < kOthers; ++i) {
      others.emplace_back([&] {
        Doubling call;
        gatherer.run(call);
      });
    }
    EXPECT_TRUE(eventually("the others wait", [&] { return gatherer.waiting() == kOthers; }));
    others_wait.count_down();
  }
  holder.join();
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, kOthers}));
}

}  // namespace
}  // namespace thumbmill
