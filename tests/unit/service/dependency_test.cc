#include "service/dependency.h"

#include <atomic>
#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/eventually.h"
#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::SizeIs;

constexpr milliseconds kPatience{1'000};
constexpr milliseconds kInterval{30'000};

class DependencyTest : public testing::Test {
 protected:
  // What the checks come to, and how long they take.
  Status check(const OpContext& context) {
    ++checks_;
    const milliseconds takes = takes_;
    if (takes.count() > 0) clock_.advance(takes);
    if (const Status out_of_time = context.check(clock_); !out_of_time.ok()) return out_of_time;
    const std::lock_guard lock(mutex_);
    return outcome_;
  }
  void set_outcome(Status outcome) {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
  }
  // Lets the thread see the time that has come, and waits until it has checked `times` times.
  void advance_to_check(milliseconds by) {
    const int before = checks_;
    clock_.await_waiters(1);
    clock_.advance(by);
    ASSERT_TRUE(eventually("it is checked", [&] { return checks_ > before; }));
    clock_.await_waiters(1);
  }
  Status call(const Status& outcome) {
    return dependency_.call({}, [&](const OpContext&) { return outcome; });
  }

  SimClock clock_;
  RecordingMetrics metrics_;
  RecordingLogger log_;
  std::atomic<int> checks_ = 0;
  std::atomic<milliseconds> takes_{milliseconds(0)};
  std::mutex mutex_;
  Status outcome_;  // guarded by mutex_
  Dependency dependency_{{"store", kPatience, kInterval},
                         [this](const OpContext& context) { return check(context); },
                         metrics_,
                         log_,
                         clock_};
};

TEST_F(DependencyTest, IsAskedAtTheStartAndThenNowAndAgain) {
  dependency_.start();
  EXPECT_EQ(checks_, 1);
  EXPECT_TRUE(dependency_.status().ok());
  EXPECT_EQ(metrics_.value(metric::kDependencyUp, {"store"}), 1);
  advance_to_check(kInterval);
  EXPECT_EQ(checks_, 2);
  EXPECT_THAT(log_.warnings(), SizeIs(0));
}

TEST_F(DependencyTest, ItsAbsenceAndItsCauseAreKnownAndLoggedOnceAMinute) {
  set_outcome(Status(Code::unavailable, "the store cannot be reached", "no such bucket"));
  dependency_.start();
  EXPECT_EQ(dependency_.status().detail(), "no such bucket");
  EXPECT_EQ(metrics_.value(metric::kDependencyUp, {"store"}), 0);
  EXPECT_THAT(log_.warnings(), SizeIs(1));
  for (int i = 0; i < 11; ++i) advance_to_check(Dependency::kAwayInterval);
  EXPECT_THAT(log_.warnings(), SizeIs(1));
  advance_to_check(Dependency::kAwayInterval);
  EXPECT_THAT(log_.warnings(), SizeIs(2));
  set_outcome(Status());
  advance_to_check(Dependency::kAwayInterval);
  EXPECT_TRUE(dependency_.status().ok());
  EXPECT_EQ(metrics_.value(metric::kDependencyUp, {"store"}), 1);
}

TEST_F(DependencyTest, ACallThatFailsForWantOfItHasItChecked) {
  dependency_.start();
  clock_.await_waiters(1);
  EXPECT_EQ(call(Status(Code::not_found, "no such object")).code(), Code::not_found);
  set_outcome(Status(Code::unavailable, "refused"));
  EXPECT_EQ(call(Status(Code::unavailable, "refused")).code(), Code::unavailable);
  advance_to_check(milliseconds(250));
  EXPECT_EQ(checks_, 2);
  EXPECT_EQ(dependency_.status().message(), "refused");
}

TEST_F(DependencyTest, CallsAreMadeWhileChecksAreRefusedAtOnce) {
  set_outcome(Status(Code::unavailable, "no right to put"));
  dependency_.start();
  EXPECT_TRUE(call(Status()).ok());
}

TEST_F(DependencyTest, CallsFailAtOnceWhileChecksGetNoAnswer) {
  takes_ = kPatience;
  dependency_.start();
  takes_ = milliseconds(0);
  bool called = false;
  const Status refused = dependency_.call({}, [&](const OpContext&) {
    called = true;
    return Status();
  });
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_THAT(refused.message(), HasSubstr("the store does not answer"));
  EXPECT_FALSE(called);
  advance_to_check(Dependency::kAwayInterval);
  EXPECT_TRUE(call(Status()).ok());
}

// A call that gets no answer leads to a check, and ends when that gets none either.
TEST_F(DependencyTest, ACallOnItsWayEndsWhenNothingAnswers) {
  dependency_.start();
  clock_.await_waiters(1);
  std::promise<void> begun;
  std::future<Status> ended = std::async(std::launch::async, [&] {
    return dependency_.call({}, [&](const OpContext& context) {
      begun.set_value();
      EXPECT_TRUE(eventually("the call is ended", [&] { return context.stop.stop_requested(); }));
      return Status(Code::cancelled, "stopped");
    });
  });
  begun.get_future().wait();
  takes_ = kPatience;
  advance_to_check(kPatience / 2);
  const Status status = ended.get();
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_THAT(status.message(), HasSubstr("the store does not answer"));
}

TEST_F(DependencyTest, ACallThatTakesLongIsLeftAloneWhileChecksAreAnswered) {
  dependency_.start();
  clock_.await_waiters(1);
  std::promise<void> begun, finish;
  std::future<Status> ended = std::async(std::launch::async, [&] {
    return dependency_.call({}, [&](const OpContext& context) {
      begun.set_value();
      finish.get_future().wait();
      return context.check(clock_);
    });
  });
  begun.get_future().wait();
  for (int i = 0; i < 3; ++i) advance_to_check(kPatience / 2);
  EXPECT_EQ(checks_, 4);
  finish.set_value();
  EXPECT_TRUE(ended.get().ok());
}

TEST_F(DependencyTest, TheCallersStopStaysTheCallers) {
  dependency_.start();
  std::stop_source stop;
  stop.request_stop();
  OpContext context;
  context.stop = stop.get_token();
  const Status status =
      dependency_.call(context, [&](const OpContext& call) { return call.check(clock_); });
  EXPECT_EQ(status.code(), Code::cancelled);
}

// A library that does not respect the deadline must not keep anybody from knowing.
TEST_F(DependencyTest, ACheckThatDoesNotComeBackIsAnAbsence) {
  std::atomic<bool> hangs = false, began = false;
  Dependency dependency(
      {"store", kPatience, kInterval},
      [&](const OpContext&) {
        began = hangs.load();
        EXPECT_TRUE(eventually("it hangs no more", [&] { return !hangs; }));
        return Status();
      },
      metrics_, log_, clock_);
  dependency.start();
  clock_.await_waiters(1);
  hangs = true;
  clock_.advance(kInterval);
  ASSERT_TRUE(eventually("it is checked", [&] { return began.load(); }));
  EXPECT_TRUE(dependency.status().ok());
  clock_.advance(2 * kPatience + milliseconds(1));
  EXPECT_THAT(dependency.status().message(), HasSubstr("does not answer"));
  EXPECT_EQ(dependency.call({}, [](const OpContext&) { return Status(); }).code(),
            Code::unavailable);
  hangs = false;
}

}  // namespace
}  // namespace thumbmill
