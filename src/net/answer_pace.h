// AnswerPace: whether a client takes what it is sent fast enough. Arithmetic on what the kernel
// says is not taken yet; the clock and the socket are its caller's. Internal to net/.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace thumbmill {

/// One thread at a time.
class AnswerPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// A client may take nothing for `patience`; once that has passed, it must have taken
  /// `rate_bytes` a second on average. 0: any rate.
  AnswerPace(std::chrono::milliseconds patience, std::uint64_t rate_bytes)
      : patience_(patience), rate_bytes_(rate_bytes) {}

  /// More is about to be handed to the kernel. A new average begins when all before was taken:
  /// answers that pile up are one to it.
  void begin(Clock::time_point now, std::uint64_t waiting) {
    if (waiting > 0 && begun_ != Clock::time_point()) return;
    begun_ = progress_ = now;
    handed_ = taken_ = 0;
  }

  /// `bytes` more have been handed to the kernel.
  void handed(std::uint64_t bytes) { handed_ += bytes; }

  /// When the client is too slow unless it takes more until then; never when nothing is waiting.
  /// `waiting` of the bytes handed over are not taken.
  Clock::time_point deadline(Clock::time_point now, std::uint64_t waiting) {
    if (waiting == 0) return Clock::time_point::max();
    const std::uint64_t taken = handed_ - std::min(waiting, handed_);
    if (taken > taken_) {
      taken_ = taken;
      progress_ = now;
    }
    const Clock::time_point stalled = progress_ + patience_;
    if (rate_bytes_ == 0) return stalled;
    const std::chrono::milliseconds paid(taken_ * 1000 / rate_bytes_);
    return std::min(stalled, begun_ + patience_ + paid);
  }

 private:
  const std::chrono::milliseconds patience_;
  const std::uint64_t rate_bytes_;
  Clock::time_point begun_;
  Clock::time_point progress_;  // when more was last seen to be taken
  std::uint64_t handed_ = 0;    // since begun_
  std::uint64_t taken_ = 0;     // of them, when it was last looked at
};

}  // namespace thumbmill
