#include "service/depth_reader.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

class DepthReaderTest : public testing::Test {
 protected:
  Result<QueueDepth> ask(const OpContext& context) {
    while (hangs_ && !context.stop.stop_requested()) std::this_thread::yield();
    if (away_) return Status(Code::unavailable, "the queue cannot be reached");
    QueueDepth depth;
    depth.ready = ready_;
    return depth;
  }
  // While the queue hangs: read() ends by time.
  Result<QueueDepth> read_until_patience_ends() {
    auto reading = std::async(std::launch::async, [this] { return reader_.read(); });
    clock_.await_waiters(1);
    clock_.advance(DepthReader::kPatience);
    return reading.get();
  }

  SimClock clock_;
  std::atomic<std::uint64_t> ready_ = 0;
  std::atomic<bool> hangs_ = false;
  std::atomic<bool> away_ = false;
  DepthReader reader_{[this](const OpContext& context) { return ask(context); }, clock_};
};

TEST_F(DepthReaderTest, TellsTheDepthAsItIs) {
  EXPECT_EQ(reader_.read().value().ready, 0U);
  ready_ = 1;
  EXPECT_EQ(reader_.read().value().ready, 1U);
}

TEST_F(DepthReaderTest, AQueueThatDoesNotAnswerCostsAMoment) {
  ready_ = 1;
  ASSERT_TRUE(reader_.read().ok());
  hangs_ = true;
  ready_ = 2;
  EXPECT_EQ(read_until_patience_ends().value().ready, 1U) << "the latest known";
  clock_.advance(DepthReader::kMostAge);
  EXPECT_EQ(read_until_patience_ends().status().code(), Code::unavailable);
  hangs_ = false;
  EXPECT_EQ(reader_.read().value().ready, 2U);
}

TEST_F(DepthReaderTest, AFailureIsToldWhenNothingIsKnown) {
  away_ = true;
  EXPECT_EQ(reader_.read().status().message(), "the queue cannot be reached");
  away_ = false;
  ready_ = 3;
  EXPECT_EQ(reader_.read().value().ready, 3U);
  away_ = true;
  EXPECT_EQ(reader_.read().value().ready, 3U);
}

}  // namespace
}  // namespace thumbmill
