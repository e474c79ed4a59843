// DrainRate: how many jobs a second have ended lately, from the Notifier's events. It sees what
// this process is told of, so that with workers elsewhere it may know nothing, and says so.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "notify/notifier.h"

namespace thumbmill {

/// Thread-safe. Constant memory. The notifier and the clock outlive it.
class DrainRate {
 public:
  DrainRate(Notifier& notifier, const Clock& clock);

  /// Jobs a second over the last kWindow, or since the start when that is shorter; nothing when
  /// none has ended.
  std::optional<double> jobs_per_second() const;

  static constexpr std::chrono::seconds kWindow{300};

 private:
  static constexpr std::chrono::seconds kSlot{10};
  static constexpr std::size_t kSlots = kWindow / kSlot;

  struct Slot {
    std::int64_t number = -1;  // since the start; tells a slot of an earlier round
    std::uint64_t ended = 0;
  };

  void on_event(const JobEvent& event);
  std::int64_t slot_number() const;

  const Clock& clock_;
  const SteadyTime started_;
  mutable std::mutex mutex_;
  std::array<Slot, kSlots> slots_;              // guarded by mutex_
  std::unique_ptr<Subscription> subscription_;  // last: ends before what its listener uses
};

}  // namespace thumbmill
