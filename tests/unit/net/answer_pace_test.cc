#include "net/answer_pace.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using namespace std::chrono_literals;

constexpr auto kNever = AnswerPace::Clock::time_point::max();
const AnswerPace::Clock::time_point kStart{1h};

TEST(AnswerPace, NothingWaitingIsNeverTooSlow) {
  AnswerPace pace(15s, 1000);
  EXPECT_EQ(pace.deadline(kStart, 0), kNever);
  pace.begin(kStart, 0);
  pace.handed(5000);
  EXPECT_EQ(pace.deadline(kStart + 1h, 0), kNever);
}

TEST(AnswerPace, NothingMayBeTakenForAsLongAsThePatience) {
  AnswerPace pace(15s, 0);
  pace.begin(kStart, 0);
  pace.handed(50'000);
  EXPECT_EQ(pace.deadline(kStart, 50'000), kStart + 15s);
  EXPECT_EQ(pace.deadline(kStart + 10s, 50'000), kStart + 15s);
  EXPECT_EQ(pace.deadline(kStart + 14s, 49'999), kStart + 29s);
  EXPECT_EQ(pace.deadline(kStart + 28s, 49'999), kStart + 29s);
}

TEST(AnswerPace, WhatIsTakenMustReachTheRateOnAverage) {
  AnswerPace pace(15s, 1000);
  pace.begin(kStart, 0);
  pace.handed(50'000);
  EXPECT_EQ(pace.deadline(kStart + 10s, 48'000), kStart + 17s);
  EXPECT_EQ(pace.deadline(kStart + 16s, 47'000), kStart + 18s);
  EXPECT_EQ(pace.deadline(kStart + 17s, 10'000), kStart + 32s)
      << "by the stall, no longer the rate";
}

TEST(AnswerPace, AnswersThatPileUpAreOne) {
  AnswerPace pace(15s, 1000);
  pace.begin(kStart, 0);
  pace.handed(10'000);
  pace.begin(kStart + 10s, 9'000);
  pace.handed(10'000);
  EXPECT_EQ(pace.deadline(kStart + 10s, 19'000), kStart + 16s);
}

TEST(AnswerPace, TheFirstBeginsWhateverIsWaiting) {
  AnswerPace pace(15s, 1000);
  pace.handed(25);  // of "100 Continue"
  pace.begin(kStart, 25);
  pace.handed(100);
  EXPECT_EQ(pace.deadline(kStart, 125), kStart + 15s);
}

TEST(AnswerPace, OnesThatWereTakenCountForNothing) {
  AnswerPace pace(15s, 1000);
  pace.begin(kStart, 0);
  pace.handed(100);
  pace.begin(kStart + 1h, 0);
  pace.handed(100);
  EXPECT_EQ(pace.deadline(kStart + 1h, 100), kStart + 1h + 15s);
}

}  // namespace
}  // namespace thumbmill
