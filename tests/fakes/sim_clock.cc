#include "fakes/sim_clock.h"

#include <stdexcept>
#include <vector>

namespace thumbmill {
namespace {

// Of real time, for threads to begin to wait.
constexpr std::chrono::seconds kPatience{60};

}  // namespace

SteadyTime SimClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

WallTime SimClock::wall_now() const {
  const std::lock_guard lock(mutex_);
  return wall_;
}

bool SimClock::wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& cv,
                          SteadyTime deadline, const std::function<bool()>& ready) {
  Waiter self{lock.mutex(), &cv, deadline};
  const bool timed = deadline != SteadyTime::max();
  if (timed) {
    const std::lock_guard own(mutex_);
    waiters_.insert(&self);
    waiters_changed_.notify_all();
  }
  // The caller's mutex is held whenever the condition is looked at, and advance() takes it before
  // it notifies, so that no wake-up falls between the look and the wait.
  while (!ready() && now() < deadline) cv.wait(lock);
  if (timed) {
    const std::lock_guard own(mutex_);
    waiters_.erase(waiters_.find(&self));
  }
  return ready();
}

void SimClock::advance(std::chrono::milliseconds by) {
  std::vector<Waiter> due;
  {
    const std::lock_guard lock(mutex_);
    now_ += by;
    wall_ += by;
    for (const Waiter* waiter : waiters_) {
      if (waiter->deadline <= now_) due.push_back(*waiter);
    }
  }
  for (const Waiter& waiter : due) {
    const std::lock_guard lock(*waiter.mutex);
    waiter.cv->notify_all();
  }
}

void SimClock::step_wall(std::chrono::milliseconds by) {
  const std::lock_guard lock(mutex_);
  wall_ += by;
}

void SimClock::await_waiters(std::size_t count) {
  std::unique_lock lock(mutex_);
  const auto enough = [&] { return waiters_.size() >= count; };
  if (!waiters_changed_.wait_for(lock, kPatience, enough)) {
    throw std::runtime_error("too few threads wait for the simulated clock");
  }
}

}  // namespace thumbmill
