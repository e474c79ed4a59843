// Every implementation of ObjectStore against the suite.
#include "conformance/object_store_suite.h"
#include "fakes/memory_store.h"
#include "fakes/sim_clock.h"
#include "store/fs/fs_store.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

StoreUnderTest make_memory() {
  auto clock = std::make_shared<SimClock>();
  auto store = std::make_unique<MemoryStore>(*clock);
  return {clock, std::move(store), {}};
}

struct FsSurroundings {
  TempDirectory directory;
  SystemClock clock;
};

StoreUnderTest make_fs() {
  auto surroundings = std::make_shared<FsSurroundings>();
  auto store = FsStore::open(surroundings->directory.path(), surroundings->clock);
  return {surroundings, std::move(store).value(), {}};
}

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreSuite,
                         ::testing::Values(StoreFactory{"memory", make_memory}));
INSTANTIATE_TEST_SUITE_P(Fs, ObjectStoreSuite, ::testing::Values(StoreFactory{"fs", make_fs}));

}  // namespace
}  // namespace thumbmill
