#include "service/lease_keeper.h"

#include <algorithm>

namespace thumbmill {
namespace {

// After a renewal that failed for another reason than a lost lease.
constexpr std::chrono::seconds kRenewAgain{1};

}  // namespace

HeldLease::HeldLease(Lease lease, const LeaseTimes& times, const Clock& clock)
    : lease_(std::move(lease)), times_(times), clock_(clock), confirmed_(lease_.leased_at()) {}

Status HeldLease::live() const {
  const std::lock_guard lock(mutex_);
  if (lost_ || clock_.now() >= confirmed_ + times_.patience) {
    return Status(Code::lease_lost, "the job belongs to another worker now");
  }
  return Status();
}

SteadyTime HeldLease::valid_until() const {
  const std::lock_guard lock(mutex_);
  return confirmed_ + times_.patience;
}

OpContext HeldLease::interruptible() const {
  return OpContext{.stop = stop_.get_token(), .job_id = id()};
}

Result<OpContext> HeldLease::fenced() const {
  RETURN_IF_ERROR(live());
  return OpContext{.deadline = valid_until(), .job_id = id()};
}

bool HeldLease::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void HeldLease::confirm(SteadyTime at) {
  const std::lock_guard lock(mutex_);
  confirmed_ = at;
}

void HeldLease::lose() {
  {
    const std::lock_guard lock(mutex_);
    lost_ = true;
  }
  stop_.request_stop();
}

LeaseKeeper::LeaseKeeper(const LeaseTimes& times, Clock& clock, Logger& log)
    : times_(times), clock_(clock), log_(log), thread_([this] { run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::shared_ptr<HeldLease> LeaseKeeper::hold(Lease lease) {
  auto held = std::make_shared<HeldLease>(std::move(lease), times_, clock_);
  {
    const std::lock_guard lock(mutex_);
    kept_.push_back({held, held->lease_.leased_at() + times_.renewal});
    wake_ = true;
  }
  changed_.notify_all();
  return held;
}

SteadyTime LeaseKeeper::next_wake() const {
  SteadyTime next = SteadyTime::max();
  for (const Kept& kept : kept_) next = std::min(next, kept.next_renewal);
  return next;
}

void LeaseKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    std::erase_if(kept_, [](const Kept& kept) {
      const std::shared_ptr<HeldLease> held = kept.lease.lock();
      return !held || held->lease_.settled() || held->lost();
    });
    clock_.wait_until(lock, changed_, next_wake(), [this] { return stop_ || wake_; });
    wake_ = false;
    if (!stop_) renew_due(lock);
  }
}

// One call may hang until its deadline, so that deadline is the first at which any lease is lost:
// then none is found lost too late. Leases that could not be renewed by their time are lost first.
void LeaseKeeper::renew_due(std::unique_lock<std::mutex>& lock) {
  const SteadyTime now = clock_.now();
  SteadyTime first_lost = SteadyTime::max();
  std::vector<std::shared_ptr<HeldLease>> due;
  for (Kept& kept : kept_) {
    const std::shared_ptr<HeldLease> held = kept.lease.lock();
    if (!held || held->lease_.settled()) continue;
    if (!held->live().ok()) {
      log_.warning("lease not renewed in time, work dropped", {{"job_id", held->id()}});
      held->lose();
      continue;
    }
    first_lost = std::min(first_lost, held->valid_until());
    if (kept.next_renewal <= now) due.push_back(held);
  }
  for (const std::shared_ptr<HeldLease>& held : due) {
    lock.unlock();
    const SteadyTime next = renew(*held, first_lost);
    lock.lock();
    for (Kept& kept : kept_) {
      if (kept.lease.lock() == held) kept.next_renewal = next;
    }
  }
}

// Returns when to renew it next.
SteadyTime LeaseKeeper::renew(HeldLease& held, SteadyTime deadline) {
  // The time before the call: the lease lasts from when the queue saw it, which is not earlier.
  const SteadyTime asked = clock_.now();
  const OpContext context{.deadline = deadline, .job_id = held.id()};
  const Status renewed = held.lease_.extend(times_.ttl, context);
  if (renewed.ok()) {
    held.confirm(asked);
    return asked + times_.renewal;
  }
  if (held.lease_.settled()) return SteadyTime::max();
  const SteadyTime again = std::min(clock_.now() + kRenewAgain, held.valid_until());
  log_.warning("lease not renewed", {{"job_id", held.id()}, {"detail", renewed.to_string()}});
  if (renewed.code() != Code::lease_lost) return again;
  held.lose();
  return SteadyTime::max();
}

}  // namespace thumbmill
