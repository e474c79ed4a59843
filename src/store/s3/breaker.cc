#include "store/s3/breaker.h"

namespace thumbmill::s3 {
namespace {

std::int64_t second_of(SteadyTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

bool Breaker::allows() {
  const std::lock_guard lock(mutex_);
  if (!open_) return true;
  const SteadyTime now = clock_.now();
  if (now < next_look_) return false;
  next_look_ = now + kPause;
  return true;
}

bool Breaker::mostly_failing(std::int64_t now) const {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  for (const Second& second : seconds_) {
    if (second.number <= now - kWindow.count()) continue;
    calls += second.calls;
    failures += second.failures;
  }
  return calls >= kLeastCalls && 2 * failures > calls;
}

Breaker::Change Breaker::record(bool failed) {
  const std::lock_guard lock(mutex_);
  if (open_) {
    if (failed) return Change::none;
    open_ = false;
    seconds_ = {};
    return Change::closed;
  }
  const SteadyTime now = clock_.now();
  const std::int64_t number = second_of(now);
  Second& second = seconds_[static_cast<std::size_t>(number) % seconds_.size()];
  if (second.number != number) second = Second{.number = number, .calls = 0, .failures = 0};
  ++second.calls;
  second.failures += failed ? 1 : 0;
  if (!failed || !mostly_failing(number)) return Change::none;
  open_ = true;
  next_look_ = now + kPause;
  return Change::opened;
}

}  // namespace thumbmill::s3
