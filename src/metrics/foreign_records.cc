#include "metrics/foreign_records.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostShown = 100;

}  // namespace

void ForeignRecords::report(std::string_view record, std::string_view why) {
  metrics_.add(metric::kForeignRecords, 1, {source_});
  const std::optional<std::int64_t> unnamed = lines_.admit();
  if (!unnamed) return;
  log_.warning("a record that is not ours is ignored", {{"source", source_},
                                                        {"record", record.substr(0, kMostShown)},
                                                        {"detail", why},
                                                        {"others_since_the_last_line", *unnamed}});
}

}  // namespace thumbmill
