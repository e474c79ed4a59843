// MemoryBudget: lets images be decoded only while what they are expected to take together fits. It
// counts estimates; what one process may take at most is the process's own limit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

#include "base/clock.h"
#include "base/op_context.h"

namespace thumbmill {

/// Thread-safe.
class MemoryBudget {
 public:
  /// A part of the budget, given back when it goes. Outlived by the budget.
  class Share {
   public:
    Share() = default;
    Share(MemoryBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&& other) noexcept;
    ~Share() { give_back(); }

    bool taken() const { return budget_ != nullptr; }
    std::uint64_t bytes() const { return taken() ? bytes_ : 0; }
    void give_back();

   private:
    MemoryBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  /// How many images may get what is free before one that waits for more than that.
  static constexpr int kMostOvertaking = 32;
  static constexpr std::chrono::seconds kShortWait{1};

  /// `most_patient`: how many images at once may wait for longer than kShortWait.
  MemoryBudget(std::uint64_t total_bytes, std::size_t most_patient, Clock& clock)
      : total_bytes_(total_bytes), most_patient_(most_patient), clock_(clock) {}

  /// Waits until `bytes` are free, in the order of asking, but for images that fit beside one that
  /// waits: so many of these go first, and then it holds back those behind it, so that none waits
  /// for ever. too_large, naming the setting, when they are more than there is; exhausted after
  /// kShortWait, when as many as may were waiting before; deadline_exceeded, cancelled.
  Result<Share> take(std::uint64_t bytes, const OpContext& context);

  std::uint64_t total_bytes() const { return total_bytes_; }

  /// What is taken now.
  std::uint64_t taken_bytes() const;

 private:
  bool may_take(std::uint64_t bytes, std::uint64_t ticket) const;

  const std::uint64_t total_bytes_;
  const std::size_t most_patient_;
  Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t taken_bytes_ = 0;      // guarded by mutex_
  std::uint64_t next_ticket_ = 0;      // guarded by mutex_
  std::deque<std::uint64_t> waiting_;  // tickets in order; guarded by mutex_
  int overtaking_ = 0;                 // of the first that waits; guarded by mutex_
};

}  // namespace thumbmill
