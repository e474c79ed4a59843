#include "base/line_limit.h"

#include <utility>

namespace thumbmill {
namespace {

constexpr std::chrono::minutes kBetweenLines{10};

}  // namespace

std::optional<std::int64_t> LineLimit::admit() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.now();
  if (now < next_line_) {
    ++left_out_;
    return std::nullopt;
  }
  next_line_ = now + kBetweenLines;
  return std::exchange(left_out_, 0);
}

}  // namespace thumbmill
