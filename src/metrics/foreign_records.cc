#include "metrics/foreign_records.h"

#include <utility>

namespace thumbmill {
namespace {

constexpr std::chrono::minutes kBetweenLines{10};
constexpr std::size_t kMostShown = 100;

}  // namespace

void ForeignRecords::report(std::string_view record, std::string_view why) {
  metrics_.add(metric::kForeignRecords, 1, {source_});
  std::int64_t unnamed = 0;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.now();
    if (now < next_line_) {
      ++unnamed_;
      return;
    }
    next_line_ = now + kBetweenLines;
    std::swap(unnamed, unnamed_);
  }
  log_.warning("a record that is not ours is ignored", {{"source", source_},
                                                        {"record", record.substr(0, kMostShown)},
                                                        {"detail", why},
                                                        {"others_since_the_last_line", unnamed}});
}

}  // namespace thumbmill
