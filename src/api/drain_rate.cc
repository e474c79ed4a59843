#include "api/drain_rate.h"

#include <algorithm>

namespace thumbmill {

DrainRate::DrainRate(Notifier& notifier, const Clock& clock)
    : clock_(clock),
      started_(clock.now()),
      subscription_(notifier.subscribe("", std::nullopt,
                                       [this](const JobEvent& event) { on_event(event); })) {}

std::int64_t DrainRate::slot_number() const { return (clock_.now() - started_) / kSlot; }

void DrainRate::on_event(const JobEvent& event) {
  if (event.state != JobState::done && event.state != JobState::failed) return;
  const std::int64_t number = slot_number();
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = Slot{.number = number, .ended = 0};
  ++slot.ended;
}

std::optional<double> DrainRate::jobs_per_second() const {
  const std::int64_t present = slot_number();
  std::uint64_t ended = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const Slot& slot : slots_) {
      if (slot.number >= 0 && slot.number > present - static_cast<std::int64_t>(kSlots)) {
        ended += slot.ended;
      }
    }
  }
  if (ended == 0) return std::nullopt;
  // A slot's length at least: one job in the first millisecond is not a thousand a second.
  const std::chrono::duration<double> seconds =
      std::clamp<SteadyTime::duration>(clock_.now() - started_, kSlot, kWindow);
  return static_cast<double>(ended) / seconds.count();
}

}  // namespace thumbmill
