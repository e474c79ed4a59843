#include "service/store_breaker.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"

namespace thumbmill {
namespace {

// Asked far more often than a job is retried: all work waits for the answer.
constexpr Backoff kProbe{.base = std::chrono::milliseconds(1'000),
                         .cap = std::chrono::milliseconds(15'000)};
constexpr std::chrono::milliseconds kLeastPause{250};
constexpr std::chrono::seconds kProbeTime{10};

}  // namespace

StoreBreaker::StoreBreaker(ObjectStore& store, Metrics& metrics, Logger& log, Clock& clock,
                           Random& random)
    : store_(store), metrics_(metrics), log_(log), clock_(clock), random_(random) {
  metrics_.set(metric::kStoreBreakerOpen, 0);
}

void StoreBreaker::suspect(const OpContext& context) {
  const Status check = store_.check(context);
  if (!check.ok()) learn(check);
}

void StoreBreaker::record_failure(const Status& failure) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::open || ++failures_ < kMostFailures) return;
  }
  learn(failure);
}

void StoreBreaker::record_success() {
  const std::lock_guard lock(mutex_);
  failures_ = 0;
}

void StoreBreaker::learn(const Status& check) {
  if (check.code() == Code::cancelled) return;
  const State now = check.ok() ? State::closed : State::open;
  State before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(state_, now);
  }
  changed_.notify_all();
  metrics_.set(metric::kStoreBreakerOpen, now == State::open ? 1 : 0);
  if (now == State::open && before != State::open) {
    log_.error("the store cannot be used, leasing is paused", {{"detail", check.to_string()}});
  } else if (now == State::closed && before == State::open) {
    log_.info("the store can be used again, leasing goes on");
  }
}

void StoreBreaker::wait_closed(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    // Taken so that the notification cannot fall between a waiter's look at `stop` and its wait.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  });
  const auto is_over = [&] { return state_ == State::closed || stop.stop_requested(); };
  std::unique_lock lock(mutex_);
  for (int probes = 1; !is_over(); ++probes) {
    if (probing_) {
      clock_.wait_until(lock, changed_, SteadyTime::max(), [&] { return is_over() || !probing_; });
      continue;
    }
    probing_ = true;
    if (state_ == State::open) {
      const int tries = probes + std::max(0, failures_ - kMostFailures);
      const SteadyTime next = clock_.now() + kLeastPause + kProbe.delay(tries, random_);
      clock_.wait_until(lock, changed_, next, is_over);
    }
    if (!is_over()) {
      lock.unlock();
      learn(store_.check({.deadline = clock_.now() + kProbeTime, .stop = stop}));
      lock.lock();
    }
    probing_ = false;
    changed_.notify_all();
  }
}

}  // namespace thumbmill
