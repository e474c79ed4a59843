#include "service/failure_policy.h"

#include <algorithm>

namespace thumbmill {
namespace {

// Of an image that is not done in time. The machine may have been too busy for it, but hardly
// twice: the same image takes the same time, and each try keeps a worker from everybody else's.
constexpr int kMostTimeouts = 2;

bool is_about_the_image(Code code) {
  return code == Code::unsupported || code == Code::too_large || code == Code::corrupt_input ||
         code == Code::invalid_argument;
}

}  // namespace

bool is_decoder_crash(Code code) {
  return code == Code::decoder_crashed || code == Code::deadline_exceeded;
}

bool is_infrastructure(FailureSource source, Code code) {
  if (code == Code::unavailable || code == Code::exhausted) return true;
  return source == FailureSource::infrastructure && code == Code::deadline_exceeded;
}

Verdict judge(const FailedTry& failed, const FailureLimits& limits) {
  if (failed.source == FailureSource::job) return Verdict::fail;
  if (failed.code == Code::cancelled) return Verdict::hand_back;
  if (is_infrastructure(failed.source, failed.code)) {
    return failed.age > limits.give_up_after ? Verdict::fail : Verdict::retry_free;
  }
  if (failed.attempt >= limits.max_attempts) return Verdict::fail;
  if (failed.source == FailureSource::decoder) {
    if (is_about_the_image(failed.code)) return Verdict::fail;
    // The queue remembers the latest failure only, so tries before it are taken to be crashes too:
    // they count one each, whatever they were.
    const int most = failed.code == Code::deadline_exceeded
                         ? std::min(kMostTimeouts, limits.max_decoder_crashes)
                         : limits.max_decoder_crashes;
    const bool crashed_before = most <= 1 || is_decoder_crash(failed.last_failure);
    if (is_decoder_crash(failed.code) && crashed_before && failed.attempt >= most) {
      return Verdict::fail;
    }
  }
  return Verdict::retry_counted;
}

}  // namespace thumbmill
