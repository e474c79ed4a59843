#include "service/store_breaker.h"

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
  if (check.ok() || check.code() == Code::cancelled) return;
  log_.error("the store is down, leasing paused", {{"detail", check.to_string()}});
  set_open(true);
}

void StoreBreaker::set_open(bool open) {
  {
    const std::lock_guard lock(mutex_);
    open_ = open;
  }
  metrics_.set(metric::kStoreBreakerOpen, open ? 1 : 0);
  changed_.notify_all();
}

void StoreBreaker::wait_closed(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    // Taken so that the notification cannot fall between a waiter's look at `stop` and its wait.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (int probes = 1; open_ && !stop.stop_requested(); ++probes) {
    if (probing_) {
      clock_.wait_until(lock, changed_, SteadyTime::max(),
                        [&] { return !open_ || !probing_ || stop.stop_requested(); });
      continue;
    }
    probing_ = true;
    const SteadyTime next = clock_.now() + kLeastPause + kProbe.delay(probes, random_);
    clock_.wait_until(lock, changed_, next, [&] { return !open_ || stop.stop_requested(); });
    if (open_ && !stop.stop_requested()) {
      lock.unlock();
      const Status check = store_.check({.deadline = clock_.now() + kProbeTime, .stop = stop});
      if (check.ok()) {
        log_.info("the store is back, leasing again");
        set_open(false);
      }
      lock.lock();
    }
    probing_ = false;
    changed_.notify_all();
  }
}

}  // namespace thumbmill
