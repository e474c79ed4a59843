// Every implementation of JobQueue against the suite.
#include "conformance/job_queue_suite.h"
#include "fakes/memory_queue.h"
#include "fakes/quiet.h"
#include "queue/sqlite/sqlite_queue.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

QueueUnderTest make_memory(SimClock& clock) {
  return {nullptr, std::make_unique<MemoryQueue>(clock)};
}

struct SqliteSurroundings {
  TempDirectory directory;
  NoLogger log;
};

QueueUnderTest make_sqlite(SimClock& clock) {
  auto surroundings = std::make_shared<SqliteSurroundings>();
  auto queue =
      SqliteQueue::open(surroundings->directory.path() + "/queue.db", clock, surroundings->log);
  return {surroundings, std::move(queue).value()};
}

INSTANTIATE_TEST_SUITE_P(Memory, JobQueueSuite,
                         ::testing::Values(QueueFactory{"memory", make_memory}));
INSTANTIATE_TEST_SUITE_P(Sqlite, JobQueueSuite,
                         ::testing::Values(QueueFactory{"sqlite", make_sqlite}));

}  // namespace
}  // namespace thumbmill
