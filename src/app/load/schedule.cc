#include "app/load/schedule.h"

#include <cmath>

namespace thumbmill {

std::optional<Schedule::Slot> Schedule::take(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (options_.count > 0 && taken_ >= options_.count) return std::nullopt;
  const SteadyTime moment = options_.rate > 0 ? next_ : now;
  if (options_.duration.count() > 0 && moment - begin_ >= options_.duration) return std::nullopt;
  Slot slot{taken_++, std::nullopt};
  if (options_.rate > 0) {
    slot.due = next_;
    const double gaps = options_.poisson ? -std::log(1 - random_.next_unit()) : 1.0;
    next_ += std::chrono::duration_cast<SteadyTime::duration>(
        std::chrono::duration<double>(gaps / options_.rate));
  }
  return slot;
}

}  // namespace thumbmill
