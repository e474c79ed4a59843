#include "service/workload.h"

#include <algorithm>

namespace thumbmill {
namespace {

// How much of a worker's time arrivals may take: the rest is for their coming unevenly.
constexpr double kUtilisation = 0.8;
// The average cost is that of about so many tries: some seconds' worth at the rates that matter.
constexpr std::uint64_t kAveraged = 200;

using Seconds = std::chrono::duration<double>;

}  // namespace

Workload::Workload(Notifier& notifier, const Clock& clock, std::chrono::milliseconds drain_target)
    : clock_(clock),
      started_(clock.now()),
      drain_target_seconds_(Seconds(drain_target).count()),
      subscription_(notifier.subscribe("", [this](const JobEvent& event) { on_event(event); })) {}

std::int64_t Workload::slot_number() const { return (clock_.now() - started_) / kSlot; }

void Workload::on_event(const JobEvent& event) {
  const bool queued = event.state == JobState::queued;
  const bool arrived = queued && event.attempt == 0;
  // One that was handed back, or whose image could not be fetched, has kept no worker.
  const bool put_off = queued && !arrived && event.worker_time.count() > 0;
  const bool ended = event.state == JobState::done || event.state == JobState::failed;
  if (!arrived && !put_off && !ended) return;
  const std::int64_t number = slot_number();
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = Slot{.number = number};
  ++(arrived ? slot.arrived : put_off ? slot.put_off : slot.ended);
  if (arrived || event.worker_time.count() <= 0) return;
  averaged_ = std::min(averaged_ + 1, kAveraged);
  worker_seconds_ +=
      (Seconds(event.worker_time).count() - worker_seconds_) / static_cast<double>(averaged_);
}

double Workload::rate(std::uint64_t Slot::*count, std::chrono::seconds window) const {
  const std::int64_t first = slot_number() - window / kSlot + 1;
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) {
    if (slot.number >= std::max<std::int64_t>(first, 0)) sum += slot.*count;
  }
  // A slot's length at least: one job in the first millisecond is not a thousand a second.
  const Seconds seconds = std::clamp<SteadyTime::duration>(clock_.now() - started_, kSlot, window);
  return static_cast<double>(sum) / seconds.count();
}

double Workload::arrivals_per_second() const {
  const std::lock_guard lock(mutex_);
  return arrivals_locked();
}

std::optional<double> Workload::ended_per_second() const {
  const std::lock_guard lock(mutex_);
  const double ended = rate(&Slot::ended, kWindow);
  return ended > 0 ? std::optional(ended) : std::nullopt;
}

double Workload::workers_desired(const QueueDepth& depth) const {
  const std::lock_guard lock(mutex_);
  const double arrivals = arrivals_locked() + rate(&Slot::put_off, kArrivalWindow);
  const auto backlog = static_cast<double>(depth.backlog());
  if (averaged_ == 0) return arrivals > 0 || backlog > 0 ? 1 : 0;
  return workers_for(arrivals, backlog, worker_seconds_, drain_target_seconds_);
}

double Workload::workers_for(double arrivals_per_second, double backlog, double worker_seconds,
                             double drain_seconds) {
  return worker_seconds * (arrivals_per_second / kUtilisation + backlog / drain_seconds);
}

}  // namespace thumbmill
