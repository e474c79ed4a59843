// Every implementation of ObjectStore against the suite.
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

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
  const auto write_foreign = [&store = *store] {
    for (const char* key : {"uploads/a/hello", "uploads/a/hello.json", "uploads/a/hello/below"}) {
      EXPECT_TRUE(store.put(key, Blob("hello"), {}, {}).ok());
    }
  };
  return {clock, std::move(store), {}, write_foreign};
}

struct FsSurroundings {
  TempDirectory directory;
  SystemClock clock;
};

void write_foreign_files(const std::string& root) {
  namespace fs = std::filesystem;
  const fs::path below = root + "/uploads/a";
  for (const std::string& name :
       {std::string("hello"), std::string("hello world.txt"), std::string("h\xc3\xa9llo"),
        std::string("\xff\xfe"), std::string("line\nbreak"), std::string(".hidden"),
        std::string(255, 'x'), std::string("%2e%2e"), std::string("a:b")}) {
    std::ofstream(below / name) << "hello";
  }
  std::ofstream(below / "footer") << std::string(64, 'x') << std::string("TMOBJ\x01\r\n");
  fs::create_directories(below / "directory" / "deeper");
  fs::create_directories(below / "strange directory" / "deeper");
  std::ofstream(below / "strange directory" / "hello") << "hello";
  fs::create_symlink("/etc/passwd", below / "link");
  fs::create_symlink("nowhere", below / "dangling");
  fs::create_directory_symlink("..", below / "loop");
  EXPECT_EQ(::mkfifo((below / "pipe").c_str(), 0644), 0);
}

StoreUnderTest make_fs() {
  auto surroundings = std::make_shared<FsSurroundings>();
  auto store = FsStore::open(surroundings->directory.path(), surroundings->clock);
  return {surroundings, std::move(store).value(), {}, [&directory = surroundings->directory] {
            write_foreign_files(directory.path());
          }};
}

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreSuite,
                         ::testing::Values(StoreFactory{"memory", make_memory}));
INSTANTIATE_TEST_SUITE_P(Fs, ObjectStoreSuite, ::testing::Values(StoreFactory{"fs", make_fs}));

}  // namespace
}  // namespace thumbmill
