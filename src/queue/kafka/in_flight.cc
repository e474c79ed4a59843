#include "queue/kafka/in_flight.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// The metadata of another version is ignored.
constexpr std::string_view kVersion = "1 ";

std::map<std::int64_t, int> read_started(std::string_view text) {
  std::map<std::int64_t, int> started;
  if (!text.starts_with(kVersion)) return started;
  text.remove_prefix(kVersion.size());
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t offset = 0;
    int tries = 0;
    const auto offset_end = std::from_chars(at, end, offset);
    if (offset_end.ec != std::errc() || offset_end.ptr == end || *offset_end.ptr != ':') break;
    const auto tries_end = std::from_chars(offset_end.ptr + 1, end, tries);
    if (tries_end.ec != std::errc() || tries < 0 || tries > kMostAttempts) break;
    started[offset] = tries;
    at = tries_end.ptr == end ? end : tries_end.ptr + 1;
  }
  return started;
}

}  // namespace

void JobsInFlight::assign(const PartitionId& partition, const CommitMark& mark) {
  revoke(partition);
  Partition& added = partitions_[partition];
  added.next = mark.offset;
  added.started = read_started(mark.started);
  added.handed_out = added.committed = mark;
}

void JobsInFlight::revoke(const PartitionId& partition) {
  partitions_.erase(partition);
  std::erase_if(leased_, [&](const auto& entry) { return entry.second.partition == partition; });
}

void JobsInFlight::add(const PartitionId& partition, std::int64_t offset, JobRecord record,
                       SteadyTime due) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || offset < found->second.next) return;
  Partition& into = found->second;
  into.next = offset + 1;
  Held held{std::move(record), 0, due, {}};
  const auto started = into.started.find(offset);
  if (started != into.started.end()) held.started = started->second;
  into.started.erase(into.started.begin(), into.started.upper_bound(offset));
  into.held.emplace(offset, std::move(held));
}

void JobsInFlight::expire(SteadyTime now) {
  std::erase_if(leased_, [&](const auto& entry) {
    Held& held = partitions_.at(entry.second.partition).held.at(entry.second.offset);
    if (held.ready_at > now) return false;
    held.token.clear();
    return true;
  });
}

std::vector<LeaseTicket> JobsInFlight::claim(std::size_t most, SteadyTime now, milliseconds ttl) {
  expire(now);
  struct Candidate {
    Place place;
    Held* held;
  };
  std::vector<Candidate> ready;
  for (auto& [id, partition] : partitions_) {
    for (auto& [offset, held] : partition.held) {
      if (held.token.empty() && held.ready_at <= now) ready.push_back({{id, offset}, &held});
    }
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, ready.size()));
  std::partial_sort(ready.begin(), ready.begin() + count, ready.end(),
                    [](const Candidate& a, const Candidate& b) {
                      return a.held->record.first_enqueued < b.held->record.first_enqueued;
                    });
  ready.resize(static_cast<std::size_t>(count));
  std::vector<LeaseTicket> tickets;
  for (const Candidate& taken : ready) {
    Held& held = *taken.held;
    held.token = std::to_string(++last_token_);
    held.ready_at = now + ttl;
    ++held.started;
    leased_.emplace(held.token, taken.place);
    tickets.push_back({held.record.id, held.token, held.record.attempts + held.started,
                       held.record.last_failure, now});
  }
  return tickets;
}

SteadyTime JobsInFlight::next_event() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& entry : partitions_) {
    for (const auto& held : entry.second.held) next = std::min(next, held.second.ready_at);
  }
  return next;
}

JobsInFlight::Held* JobsInFlight::leased(const LeaseTicket& ticket, SteadyTime now) {
  const auto found = leased_.find(ticket.token);
  if (found == leased_.end()) return nullptr;
  Held& held = partitions_.at(found->second.partition).held.at(found->second.offset);
  return held.ready_at > now ? &held : nullptr;
}

bool JobsInFlight::extend(const LeaseTicket& ticket, SteadyTime now, milliseconds ttl) {
  Held* held = leased(ticket, now);
  if (held != nullptr) held->ready_at = now + ttl;
  return held != nullptr;
}

bool JobsInFlight::hand_back(const LeaseTicket& ticket, SteadyTime now) {
  Held* held = leased(ticket, now);
  if (held == nullptr) return false;
  --held->started;
  held->ready_at = now;
  held->token.clear();
  leased_.erase(ticket.token);
  return true;
}

bool JobsInFlight::finish(const LeaseTicket& ticket, SteadyTime now) {
  if (leased(ticket, now) == nullptr) return false;
  const Place place = leased_.at(ticket.token);
  partitions_.at(place.partition).held.erase(place.offset);
  leased_.erase(ticket.token);
  return true;
}

std::optional<JobRecord> JobsInFlight::hold(const LeaseTicket& ticket, SteadyTime now) {
  Held* held = leased(ticket, now);
  if (held == nullptr) return std::nullopt;
  held->ready_at = SteadyTime::max();
  return held->record;
}

std::int64_t JobsInFlight::next_offset(const PartitionId& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? -1 : found->second.next;
}

std::size_t JobsInFlight::unfinished(const PartitionId& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? 0 : found->second.held.size();
}

std::optional<QueuedJob> JobsInFlight::state(const PartitionId& partition, std::int64_t offset,
                                             SteadyTime now) const {
  const auto& held = partitions_.at(partition).held;
  const auto found = held.find(offset);
  if (found == held.end()) return std::nullopt;
  const Held& job = found->second;
  const int attempts = job.record.attempts + job.started;
  if (job.ready_at <= now) return QueuedJob{QueuedState::ready, attempts};
  return QueuedJob{job.token.empty() ? QueuedState::delayed : QueuedState::running, attempts};
}

CommitMark JobsInFlight::mark(const PartitionId& id, bool leaving) const {
  const Partition& partition = partitions_.at(id);
  CommitMark mark;
  mark.offset = partition.held.empty() ? partition.next : partition.held.begin()->first;
  std::map<std::int64_t, int> started = partition.started;
  for (const auto& [offset, held] : partition.held) {
    const bool interrupted = leaving && !held.token.empty();
    const int tries = held.started - (interrupted ? 1 : 0);
    if (tries > 0) started[offset] = tries;
  }
  for (const auto& [offset, tries] : started) {
    mark.started += fmt::format("{}{}:{}", mark.started.empty() ? kVersion : ",", offset, tries);
  }
  return mark;
}

std::optional<CommitMark> JobsInFlight::next_commit(const PartitionId& id, bool leaving) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return std::nullopt;
  Partition& partition = found->second;
  CommitMark next = mark(id, leaving);
  if (partition.handed_out == next && (!leaving || partition.committed == next)) {
    return std::nullopt;
  }
  partition.handed_out = next;
  return next;
}

void JobsInFlight::commit_done(const PartitionId& id, const CommitMark& mark) {
  const auto found = partitions_.find(id);
  if (found != partitions_.end()) found->second.committed = mark;
}

void JobsInFlight::commit_failed(const PartitionId& id) {
  const auto found = partitions_.find(id);
  if (found != partitions_.end()) found->second.handed_out.reset();
}

std::vector<PartitionId> JobsInFlight::assigned() const {
  std::vector<PartitionId> ids;
  for (const auto& entry : partitions_) ids.push_back(entry.first);
  return ids;
}

}  // namespace thumbmill
