#include "metrics/foreign_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "fakes/sim_clock.h"
#include "fakes/strange_texts.h"

namespace thumbmill {
namespace {

using ::testing::SizeIs;

TEST(ForeignRecords, AreAllCountedAndNamedNowAndThen) {
  SimClock clock;
  RecordingMetrics metrics;
  RecordingLogger log;
  ForeignRecords foreign("queue", metrics, log, clock);
  const std::vector<std::string> records = strange_texts();
  for (const std::string& record : records) foreign.report(record, "no id of ours");
  EXPECT_EQ(metrics.value(metric::kForeignRecords, {"queue"}), records.size());
  EXPECT_THAT(log.warnings(), SizeIs(1));
  clock.advance(std::chrono::minutes(10));
  foreign.report("hello", "no id of ours");
  EXPECT_THAT(log.warnings(), SizeIs(2));
}

}  // namespace
}  // namespace thumbmill
