#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/quiet.h"
#include "fakes/sim_clock.h"
#include "store/s3/credentials.h"

namespace thumbmill::s3 {
namespace {

using std::chrono::minutes;

/// Gives what a test says, and counts.
class ScriptedSource final : public CredentialSource {
 public:
  explicit ScriptedSource(std::function<Result<std::optional<Credentials>>()> give)
      : give_(std::move(give)) {}
  std::string_view name() const override { return "scripted"; }
  Result<std::optional<Credentials>> fetch(const OpContext& context) override {
    ++asked;
    deadline = context.deadline;
    return give_();
  }
  std::atomic<int> asked = 0;
  SteadyTime deadline{};  // of the latest

 private:
  const std::function<Result<std::optional<Credentials>>()> give_;
};

class CredentialChainTest : public ::testing::Test {
 protected:
  ScriptedSource& add(std::function<Result<std::optional<Credentials>>()> give) {
    auto source = std::make_unique<ScriptedSource>(std::move(give));
    ScriptedSource& added = *source;
    sources_.push_back(std::move(source));
    return added;
  }
  ScriptedSource& add_numbered(minutes life) {
    return add([this, life]() -> Result<std::optional<Credentials>> {
      return std::optional(Credentials{"key-" + std::to_string(++number_), "secret", "token",
                                       clock_.wall_now() + life});
    });
  }
  void open() { chain_.emplace(std::move(sources_), clock_, log_); }
  std::string get(const OpContext& context = {}) {
    const auto found = chain_->get(context);
    return found.ok() ? found->access_key_id : std::string(code_name(found.status().code()));
  }

  SimClock clock_;
  NoLogger log_;
  int number_ = 0;
  std::vector<std::unique_ptr<CredentialSource>> sources_;
  std::optional<CredentialChain> chain_;
};

TEST_F(CredentialChainTest, TakesTheFirstSourceThatIsSetUpAndStaysWithIt) {
  bool first_is_set_up = false;
  ScriptedSource& first = add([&]() -> Result<std::optional<Credentials>> {
    if (!first_is_set_up) return std::optional<Credentials>();
    return std::optional(Credentials{"first", "s", "", std::nullopt});
  });
  ScriptedSource& second = add_numbered(minutes(60));
  open();
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(first.asked, 1);
  EXPECT_EQ(second.asked, 1);
  first_is_set_up = true;
  clock_.advance(minutes(56));
  EXPECT_EQ(get(), "key-2") << "another identity must not take its place";
}

TEST_F(CredentialChainTest, AFailingSourceIsNotIgnored) {
  add([] { return Status(Code::unavailable, "no answer"); });
  ScriptedSource& second = add_numbered(minutes(60));
  open();
  EXPECT_EQ(get(), "unavailable");
  EXPECT_EQ(second.asked, 0);
}

TEST_F(CredentialChainTest, NothingAnywhereIsUnavailable) {
  add([] { return std::optional<Credentials>(); });
  open();
  EXPECT_EQ(get(), "unavailable");
}

TEST_F(CredentialChainTest, RefreshesFiveMinutesAhead) {
  add_numbered(minutes(60));
  open();
  EXPECT_EQ(get(), "key-1");
  clock_.advance(minutes(54));
  EXPECT_EQ(get(), "key-1");
  clock_.advance(minutes(1));
  EXPECT_EQ(get(), "key-2");
}

TEST_F(CredentialChainTest, AFailedRefreshKeepsTheOldOnesUntilTheyExpire) {
  bool up = true;
  ScriptedSource& source = add([&]() -> Result<std::optional<Credentials>> {
    if (!up) return Status(Code::unavailable, "away");
    return std::optional(Credentials{"old", "s", "t", clock_.wall_now() + minutes(60)});
  });
  open();
  EXPECT_EQ(get(), "old");
  up = false;
  clock_.advance(minutes(56));
  EXPECT_EQ(get(), "old");
  EXPECT_EQ(get(), "old");
  EXPECT_EQ(source.asked, 2) << "not again at once";
  clock_.advance(std::chrono::seconds(30));
  EXPECT_EQ(get(), "old");
  EXPECT_EQ(source.asked, 3);
  clock_.advance(minutes(4));
  EXPECT_EQ(get(), "unavailable");
}

// An endpoint that hangs must not hold up a request that has what it needs.
TEST_F(CredentialChainTest, ARefreshAheadHasLittleTime) {
  bool up = true;
  ScriptedSource& source = add([&]() -> Result<std::optional<Credentials>> {
    if (!up) return Status(Code::deadline_exceeded, "no answer");
    return std::optional(Credentials{"old", "s", "t", clock_.wall_now() + minutes(60)});
  });
  open();
  const OpContext caller{.deadline = clock_.now() + minutes(120)};
  EXPECT_EQ(get(caller), "old");
  EXPECT_EQ(source.deadline, caller.deadline);
  up = false;
  clock_.advance(minutes(56));
  EXPECT_EQ(get(caller), "old");
  EXPECT_EQ(source.deadline, clock_.now() + std::chrono::seconds(2));
  clock_.advance(minutes(4));
  EXPECT_EQ(get(caller), "deadline_exceeded");
  EXPECT_EQ(source.deadline, caller.deadline);
}

TEST_F(CredentialChainTest, RejectedCredentialsAreFetchedAnewOnce) {
  ScriptedSource& source = add_numbered(minutes(60));
  open();
  const Credentials old = chain_->get({}).value();
  chain_->reject(old);
  EXPECT_EQ(get(), "key-2");
  chain_->reject(old);  // by another request that was signed with them
  EXPECT_EQ(get(), "key-2");
  EXPECT_EQ(source.asked, 2);
}

// While one thread refreshes, others go on with what is good, or wait when nothing is.
TEST_F(CredentialChainTest, OneRefreshAtATime) {
  std::promise<void> begun;
  std::promise<void> go_on;
  ScriptedSource& source = add([&]() -> Result<std::optional<Credentials>> {
    if (++number_ == 2) {
      begun.set_value();
      go_on.get_future().wait();
    }
    return std::optional(
        Credentials{"key-" + std::to_string(number_), "s", "t", clock_.wall_now() + minutes(60)});
  });
  open();
  EXPECT_EQ(get(), "key-1");
  clock_.advance(minutes(57));
  auto refresher = std::async(std::launch::async, [&] { return get(); });
  begun.get_future().wait();
  EXPECT_EQ(get(), "key-1") << "three minutes are left";
  clock_.advance(std::chrono::milliseconds(minutes(3)));
  auto waiter =
      std::async(std::launch::async, [&] { return get({.deadline = clock_.now() + minutes(1)}); });
  clock_.await_waiters(1);
  EXPECT_EQ(source.asked, 2);
  go_on.set_value();
  EXPECT_EQ(refresher.get(), "key-2");
  EXPECT_EQ(waiter.get(), "key-2");
  EXPECT_EQ(source.asked, 2);
}

TEST_F(CredentialChainTest, WaitersHeedStopAndDeadline) {
  std::promise<void> begun;
  std::promise<void> go_on;
  add([&]() -> Result<std::optional<Credentials>> {
    begun.set_value();
    go_on.get_future().wait();
    return std::optional(Credentials{"key", "s", "", std::nullopt});
  });
  open();
  auto refresher = std::async(std::launch::async, [&] { return get(); });
  begun.get_future().wait();
  std::stop_source stop;
  const SteadyTime soon = clock_.now() + std::chrono::seconds(5);
  auto stopped = std::async(std::launch::async, [&] {
    return get({.deadline = soon + minutes(9), .stop = stop.get_token()});
  });
  auto late = std::async(std::launch::async, [&] { return get({.deadline = soon}); });
  clock_.await_waiters(2);
  stop.request_stop();
  EXPECT_EQ(stopped.get(), "cancelled");
  clock_.advance(std::chrono::seconds(5));
  EXPECT_EQ(late.get(), "deadline_exceeded");
  go_on.set_value();
  EXPECT_EQ(refresher.get(), "key");
}

}  // namespace
}  // namespace thumbmill::s3
