#include "sandbox/memory_budget.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace thumbmill {

MemoryBudget::Share& MemoryBudget::Share::operator=(Share&& other) noexcept {
  if (this != &other) {
    give_back();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = other.bytes_;
  }
  return *this;
}

void MemoryBudget::Share::give_back() {
  MemoryBudget* budget = std::exchange(budget_, nullptr);
  if (budget == nullptr) return;
  {
    const std::lock_guard lock(budget->mutex_);
    budget->taken_bytes_ -= bytes_;
  }
  budget->changed_.notify_all();
}

// With mutex_ held.
bool MemoryBudget::may_take(std::uint64_t bytes, std::uint64_t ticket) const {
  const bool first = waiting_.empty() || waiting_.front() == ticket;
  return bytes <= total_bytes_ - taken_bytes_ && (first || overtaking_ < kMostOvertaking);
}

Result<MemoryBudget::Share> MemoryBudget::take(std::uint64_t bytes, const OpContext& context) {
  if (bytes > total_bytes_) {
    return Status(Code::too_large,
                  fmt::format("decoding the image takes about {} MiB; decoder-memory-budget is {} "
                              "MiB",
                              (bytes >> 20) + 1, total_bytes_ >> 20));
  }
  const std::stop_callback wake_on_stop(context.stop, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  const bool patient = waiting_.size() < most_patient_;
  const SteadyTime until =
      patient ? context.deadline : std::min(context.deadline, clock_.now() + kShortWait);
  waiting_.push_back(ticket);
  bool mine = false;
  clock_.wait_until(lock, changed_, until, [&] {
    mine = may_take(bytes, ticket);
    return mine || context.stop.stop_requested();
  });
  const bool first = waiting_.front() == ticket;
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), ticket));
  if (first) {
    overtaking_ = 0;
  } else if (mine) {
    ++overtaking_;
  }
  if (mine) taken_bytes_ += bytes;
  // Whoever is first now may fit, too.
  changed_.notify_all();
  if (mine) return Share(*this, bytes);
  if (context.stop.stop_requested()) return Status(Code::cancelled, "stopped");
  if (until < context.deadline) {
    return Status(Code::exhausted, "no memory to decode in is free, and other images wait for it");
  }
  return Status(Code::deadline_exceeded, "no memory to decode in became free in time");
}

std::uint64_t MemoryBudget::taken_bytes() const {
  const std::lock_guard lock(mutex_);
  return taken_bytes_;
}

}  // namespace thumbmill
