#include "fakes/memory_queue.h"

#include <algorithm>

namespace thumbmill {

using std::chrono::milliseconds;

Status MemoryQueue::begin(const OpContext& context) const {
  RETURN_IF_ERROR(context.check(clock_));
  return failing_;
}

Result<bool> MemoryQueue::enqueue(std::string_view id, std::string_view caller,
                                  const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin(context));
  RETURN_IF_ERROR(failing_enqueues_);
  const auto found = jobs_.find(id);
  if (found != jobs_.end() && found->second.state != Entry::State::dead) return false;
  Entry entry;
  entry.due = entry.queued = clock_.now();
  entry.caller = caller;
  entry.round = next_round(entry.caller);
  jobs_.insert_or_assign(std::string(id), std::move(entry));
  changed_.notify_all();
  return true;
}

// Leases that have ended come first, then the rounds.
std::map<std::string, MemoryQueue::Entry, std::less<>>::iterator MemoryQueue::next_ready() {
  const SteadyTime now = clock_.now();
  const auto order = [](const Entry& entry) {
    return entry.state == Entry::State::leased ? 0 : 1 + entry.round;
  };
  auto next = jobs_.end();
  for (auto at = jobs_.begin(); at != jobs_.end(); ++at) {
    if (at->second.state == Entry::State::dead || at->second.due > now) continue;
    if (next == jobs_.end() || order(at->second) < order(next->second)) next = at;
  }
  return next;
}

// The round that is being delivered. Callers whose last round is over are forgotten.
std::uint64_t MemoryQueue::present_round() {
  std::optional<std::uint64_t> present;
  for (const auto& [id, entry] : jobs_) {
    if (entry.state != Entry::State::ready || entry.due > clock_.now()) continue;
    present = std::min(present.value_or(entry.round), entry.round);
  }
  std::erase_if(rounds_, [&](const auto& last) { return !present || last.second < *present; });
  return present.value_or(0);
}

std::uint64_t MemoryQueue::next_round(const std::string& caller) {
  const std::uint64_t present = present_round();
  const auto [last, is_new] = rounds_.try_emplace(caller, present);
  if (!is_new) ++last->second;
  return last->second;
}

SteadyTime MemoryQueue::next_change() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [id, entry] : jobs_) {
    if (entry.state != Entry::State::dead) next = std::min(next, entry.due);
  }
  return next;
}

Lease MemoryQueue::give(const std::string& id, Entry& entry, milliseconds ttl) {
  entry.state = Entry::State::leased;
  entry.due = clock_.now() + ttl;
  entry.token = std::to_string(++leases_);
  ++entry.attempts;
  return Lease({id, entry.token, entry.attempts, entry.last_failure, clock_.now()}, *this);
}

Lease MemoryQueue::steal(const std::string& id, milliseconds ttl) {
  const std::lock_guard lock(mutex_);
  return give(id, jobs_.at(id), ttl);
}

Result<std::vector<Lease>> MemoryQueue::lease(std::size_t most, milliseconds ttl, milliseconds wait,
                                              const OpContext& context) {
  const std::stop_callback wake(context.stop, [this] {
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  RETURN_IF_ERROR(begin(context));
  const SteadyTime deadline = std::min(clock_.now() + wait, context.deadline);
  while (next_ready() == jobs_.end() && clock_.now() < deadline && !context.stop.stop_requested()) {
    clock_.wait_until(lock, changed_, std::min(deadline, next_change()), [&] {
      return context.stop.stop_requested() || next_ready() != jobs_.end() || !failing_.ok();
    });
    RETURN_IF_ERROR(failing_);
  }
  std::vector<Lease> leases;
  while (leases.size() < most && !context.stop.stop_requested()) {
    const auto job = next_ready();
    if (job == jobs_.end()) break;
    leases.push_back(give(job->first, job->second, ttl));
  }
  return leases;
}

Result<std::optional<QueuedJob>> MemoryQueue::find(std::string_view id, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin(context));
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::optional<QueuedJob>();
  const Entry& entry = found->second;
  const bool due = entry.due <= clock_.now();
  QueuedState state = due ? QueuedState::ready : QueuedState::delayed;
  if (entry.state == Entry::State::leased && !due) state = QueuedState::running;
  if (entry.state == Entry::State::dead) state = QueuedState::dead;
  return std::optional(QueuedJob{state, entry.attempts});
}

Status MemoryQueue::forget(std::string_view id, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin(context));
  const auto found = jobs_.find(id);
  if (found != jobs_.end()) jobs_.erase(found);
  return Status();
}

Result<QueueDepth> MemoryQueue::depth(const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(begin(context));
  QueueDepth depth;
  const SteadyTime now = clock_.now();
  for (const auto& [id, entry] : jobs_) {
    if (entry.state == Entry::State::dead) {
      ++depth.dead;
    } else if (entry.due <= now) {
      ++depth.ready;
      const auto age = std::chrono::duration_cast<milliseconds>(now - entry.queued);
      depth.oldest_age = std::max(depth.oldest_age.value_or(age), age);
    } else {
      ++(entry.state == Entry::State::leased ? depth.running : depth.delayed);
    }
  }
  return depth;
}

Status MemoryQueue::check(const OpContext& context) {
  const std::lock_guard lock(mutex_);
  return begin(context);
}

Result<MemoryQueue::Entry*> MemoryQueue::current(const LeaseTicket& ticket,
                                                 const OpContext& context) {
  RETURN_IF_ERROR(begin(context));
  const auto found = jobs_.find(ticket.id);
  if (found == jobs_.end() || found->second.state != Entry::State::leased ||
      found->second.token != ticket.token || found->second.due <= clock_.now()) {
    return Status(Code::lease_lost, "the job belongs to another worker now");
  }
  return &found->second;
}

Status MemoryQueue::extend(const LeaseTicket& ticket, milliseconds ttl, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(failing_extends_);
  ASSIGN_OR_RETURN(Entry * entry, current(ticket, context));
  entry->due = clock_.now() + ttl;
  ++extends_;
  changed_.notify_all();
  return Status();
}

Status MemoryQueue::ack(const LeaseTicket& ticket, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(current(ticket, context).status());
  jobs_.erase(jobs_.find(ticket.id));
  return answer();
}

Status MemoryQueue::retry(const LeaseTicket& ticket, milliseconds delay, Code why, AttemptCost cost,
                          const OpContext& context) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(Entry * entry, current(ticket, context));
  entry->round = next_round(entry->caller);
  entry->state = Entry::State::ready;
  entry->due = clock_.now() + delay;
  entry->last_failure = why;
  if (cost == AttemptCost::free) --entry->attempts;
  changed_.notify_all();
  return Status();
}

Status MemoryQueue::hand_back(const LeaseTicket& ticket, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(Entry * entry, current(ticket, context));
  entry->round = present_round();
  entry->state = Entry::State::ready;
  entry->due = clock_.now();
  --entry->attempts;
  changed_.notify_all();
  return Status();
}

Status MemoryQueue::bury(const LeaseTicket& ticket, Code why, const OpContext& context) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(Entry * entry, current(ticket, context));
  entry->state = Entry::State::dead;
  entry->last_failure = why;
  return answer();
}

Status MemoryQueue::answer() {
  if (answers_to_lose_ == 0) return Status();
  --answers_to_lose_;
  return Status(Code::unavailable, "the connection broke");
}

void MemoryQueue::lose_answers(int count) {
  const std::lock_guard lock(mutex_);
  answers_to_lose_ = count;
}

void MemoryQueue::fail_all(Status status) {
  const std::lock_guard lock(mutex_);
  failing_ = std::move(status);
  changed_.notify_all();
}

void MemoryQueue::fail_enqueues(Status status) {
  const std::lock_guard lock(mutex_);
  failing_enqueues_ = std::move(status);
}

void MemoryQueue::fail_extends(Status status) {
  const std::lock_guard lock(mutex_);
  failing_extends_ = std::move(status);
}

void MemoryQueue::wipe() {
  const std::lock_guard lock(mutex_);
  jobs_.clear();
}

std::size_t MemoryQueue::leases() const {
  const std::lock_guard lock(mutex_);
  return leases_;
}

std::size_t MemoryQueue::extends() const {
  const std::lock_guard lock(mutex_);
  return extends_;
}

void MemoryQueue::await_extends(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return extends_ >= count; });
}

}  // namespace thumbmill
