// DecoderPool against decoders that crash, hang and lie.
#include "sandbox/decoder_pool.h"

#include <atomic>
#include <csignal>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decoder_pool_fixture.h"
#include "fakes/eventually.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

TEST_F(DecoderPoolTest, HandsOverWhatAGoodDecoderMakes) {
  start();
  const auto made = run("good");
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_EQ(made->source_size, (SizePx{640, 480}));
  ASSERT_EQ(made->renditions.size(), 1u);
  EXPECT_EQ(made->renditions[0].facts.size, (SizePx{200, 150}));
  EXPECT_THAT(made->renditions[0].bytes.to_string().value(), HasSubstr("not quite a picture"));
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

TEST_F(DecoderPoolTest, PassesARefusalOnAndReplacesTheProcess) {
  start();
  const pid_t before = decoder();
  const Status status = run("refuse").status();
  EXPECT_EQ(status.code(), Code::corrupt_input);
  EXPECT_EQ(status.message(), "the image cannot be decoded");
  EXPECT_EQ(status.detail(), "told so");
  EXPECT_NE(decoder(), before);
  EXPECT_EQ(restarts("failed"), 1);
}

TEST_F(DecoderPoolTest, ACrashCostsOneImage) {
  start();
  for (const char* command : {"crash", "segfault", "exit", "close"}) {
    SCOPED_TRACE(command);
    const Status status = run(command).status();
    EXPECT_EQ(status.code(), Code::decoder_crashed);
    EXPECT_EQ(status.message(), "the decoder failed on this image");
    expect_well();
  }
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 4);
  EXPECT_EQ(restarts("crashed"), 4);
  EXPECT_THAT(log_.text(), HasSubstr("last words"));
  EXPECT_THAT(log_.text(), HasSubstr("signal 6"));
  EXPECT_THAT(log_.text(), HasSubstr("signal 11"));
  EXPECT_THAT(log_.text(), HasSubstr("exit code 0"));
}

TEST_F(DecoderPoolTest, BelievesNoLie) {
  start();
  const std::vector<const char*> lies{
      "other-name",  "other-format",    "other-size",   "huge-size",    "huge-source",
      "no-source",   "not-an-image",    "whole-output", "past-the-end", "overflow",
      "bad-color",   "bad-placeholder", "none",         "too-many",     "lease-lost",
      "unavailable", "unprintable",     "garbage",      "too-large",    "descriptors"};
  for (const char* command : lies) {
    SCOPED_TRACE(command);
    EXPECT_EQ(run(command).status().code(), Code::decoder_crashed);
    expect_well();
  }
  EXPECT_EQ(restarts("protocol"), static_cast<double>(lies.size()));
}

TEST_F(DecoderPoolTest, ASecondReplyIsNotTakenForTheNextImages) {
  start();
  ASSERT_TRUE(run("twice").ok());
  // The second reply fits the next request as well: it must not stand in for the answer.
  EXPECT_EQ(run("refuse").status().code(), Code::corrupt_input);
  EXPECT_EQ(restarts("protocol"), 1);
}

TEST_F(DecoderPoolTest, AHangEndsAtTheWallLimit) {
  start();
  ThumbnailRequest request = request_for("hang");
  request.limits.wall_time = std::chrono::milliseconds(50);
  const Status status = pool_->make(request, {}).status();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_THAT(status.message(), HasSubstr("decoder-wall-time (50 ms)"));
  EXPECT_EQ(restarts("timed_out"), 1);
  expect_well();
}

TEST_F(DecoderPoolTest, AnImageThatWorkedUntilTheWallLimitIsNotTriedAgain) {
  start();
  ThumbnailRequest request = request_for("spin");
  request.limits.wall_time = std::chrono::milliseconds(200);
  Status status;
  // On a machine with other work it may not have a processor for half of that.
  for (int tries = 0; tries < 50 && status.code() != Code::too_large; ++tries) {
    status = pool_->make(request, {}).status();
  }
  EXPECT_EQ(status.code(), Code::too_large);
  EXPECT_THAT(status.message(), HasSubstr("decoder-wall-time (200 ms)"));
  expect_well();
}

TEST_F(DecoderPoolTest, AHangEndsAtTheCallersDeadline) {
  start();
  OpContext context;
  context.deadline = clock_.now() + std::chrono::milliseconds(50);
  const Status status = pool_->make(request_for("hang"), context).status();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("wall-time")));
  expect_well();
}

TEST_F(DecoderPoolTest, SpinningEndsAtTheCpuLimit) {
  start();
  const Status status = run("spin").status();
  EXPECT_EQ(status.code(), Code::too_large) << "which is not tried again";
  EXPECT_THAT(status.message(), HasSubstr("decoder-cpu-time"));
  EXPECT_EQ(restarts("timed_out"), 1);
  expect_well();
}

TEST_F(DecoderPoolTest, AStopRequestKillsTheDecoder) {
  start();
  std::stop_source stop;
  OpContext context;
  context.stop = stop.get_token();
  std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_EQ(pool_->make(request_for("hang"), context).status().code(), Code::cancelled);
  stopper.join();
  expect_well();
}

TEST_F(DecoderPoolTest, WaitingForAProcessEndsAtTheDeadlineAndOnAStop) {
  start();
  std::stop_source stop;
  OpContext hanging;
  hanging.stop = stop.get_token();
  std::jthread busy([&] { (void)pool_->make(request_for("hang"), hanging); });
  OpContext context;
  Status status;
  // Until the only process is taken this call gets it, and hangs until its own deadline.
  do {
    context.deadline = clock_.now() + std::chrono::milliseconds(20);
    status = pool_->make(request_for("hang"), context).status();
    ASSERT_EQ(status.code(), Code::deadline_exceeded);
  } while (status.message() != "no decoder became free in time");
  std::stop_source other;
  context = {};
  context.stop = other.get_token();
  std::jthread stopper([&other] { other.request_stop(); });
  EXPECT_EQ(pool_->make(request_for("good"), context).status().code(), Code::cancelled);
  stop.request_stop();
  busy.join();
  expect_well();
}

/// Real time. Only those who may see whether what they wait for is there.
class GatedClock final : public Clock {
 public:
  using Thread = std::thread::id;

  SteadyTime now() const override { return clock_.now(); }
  WallTime wall_now() const override { return clock_.wall_now(); }
  bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv,
                  SteadyTime deadline, const std::function<bool()>& ready) override {
    mutex_ = lock.mutex();
    cv_ = &cv;
    ++begun_;
    const bool is_ready = clock_.wait_until(lock, cv, deadline, [&] {
      ++looks_[std::this_thread::get_id()];
      return (!only_ || *only_ == std::this_thread::get_id()) && ready();
    });
    ended_.push_back(std::this_thread::get_id());
    return is_ready;
  }

  std::size_t begun() const { return begun_; }
  /// Lets that thread look, or everybody.
  void let_look(std::optional<Thread> only) {
    const std::lock_guard lock(*mutex_);
    only_ = only;
    cv_->notify_all();
  }
  int looks(Thread thread) {
    const std::lock_guard lock(*mutex_);
    return looks_[thread];
  }
  /// Whose waits have ended, in that order. When nobody waits any more.
  const std::vector<Thread>& ended() const { return ended_; }

 private:
  SystemClock clock_;
  std::atomic<std::size_t> begun_ = 0;
  std::mutex* mutex_ = nullptr;  // of those who wait; guards what follows
  std::condition_variable* cv_ = nullptr;
  std::optional<Thread> only_;
  std::map<Thread, int> looks_;
  std::vector<Thread> ended_;
};

// Else those who come again and again could keep somebody waiting for ever.
TEST_F(DecoderPoolTest, ProcessesAreGivenInTheOrderInWhichTheyWereAskedFor) {
  GatedClock clock;
  const auto pool =
      DecoderPool::start({.command = {DECODER_FOR_TESTS, "misbehave"},
                          .single_command = {DECODER_FOR_TESTS, "misbehave", "single"},
                          .processes = 1},
                         metrics_, log_, clock)
          .value();
  std::stop_source stop;
  std::vector<std::jthread> callers;
  std::vector<std::thread::id> order;
  for (const char* command : {"hang", "good", "good"}) {
    OpContext context;
    if (order.empty()) context.stop = stop.get_token();
    callers.emplace_back(
        [&, command, context] { (void)pool->make(request_for(command), context); });
    order.push_back(callers.back().get_id());
    ASSERT_TRUE(eventually("a caller waits for the process",
                           [&] { return clock.begun() == order.size(); }));
  }
  clock.let_look(order[2]);
  stop.request_stop();
  callers[0].join();
  const int looks = clock.looks(order[2]);
  clock.let_look(order[2]);
  EXPECT_TRUE(eventually("the last caller sees that the process is free",
                         [&] { return clock.looks(order[2]) > looks; }));
  clock.let_look(std::nullopt);
  for (const std::size_t waiting : {1, 2}) callers[waiting].join();
  EXPECT_EQ(clock.ended(), order);
}

TEST_F(DecoderPoolTest, WhatADecoderPrintsIsBounded) {
  start();
  EXPECT_EQ(run("chatter").status().code(), Code::decoder_crashed);
  EXPECT_LE(log_.text().size(), 8000u);
  expect_well();
}

TEST_F(DecoderPoolTest, ChecksTheRequestBeforeADecoderSeesIt) {
  start();
  ThumbnailRequest request = request_for("crash");
  request.renditions.clear();
  EXPECT_EQ(pool_->make(request, {}).status().code(), Code::invalid_argument);
  OpContext late;
  late.deadline = clock_.now();
  EXPECT_EQ(pool_->make(request_for("crash"), late).status().code(), Code::deadline_exceeded);
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

}  // namespace
}  // namespace thumbmill
