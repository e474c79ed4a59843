// LastingCheck: a check whose success counts for a while, for probes that come every few seconds
// from every side and must not cost a put each.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/status.h"

namespace thumbmill {

/// Thread-safe. The clock outlives it.
class LastingCheck {
 public:
  using Check = std::function<Status(const OpContext&)>;

  LastingCheck(Check check, std::chrono::milliseconds lasts, const Clock& clock)
      : check_(std::move(check)), lasts_(lasts), clock_(clock) {}

  /// The check, unless it has succeeded less than `lasts` ago. A failure is always checked again.
  Status run(const OpContext& context) {
    {
      const std::lock_guard lock(mutex_);
      if (succeeded_ && clock_.now() - *succeeded_ < lasts_) return Status();
    }
    const SteadyTime begun = clock_.now();
    Status status = check_(context);
    const std::lock_guard lock(mutex_);
    succeeded_ = status.ok() ? std::optional(begun) : std::nullopt;
    return status;
  }

 private:
  const Check check_;
  const std::chrono::milliseconds lasts_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<SteadyTime> succeeded_;  // guarded by mutex_
};

}  // namespace thumbmill
