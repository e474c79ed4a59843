#include "app/available_memory.h"

#include <filesystem>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "temp_directory.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

class AvailableMemory : public ::testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    const auto path = std::filesystem::path(root_.path()) / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::uint64_t limit(const std::string& membership) {
    return cgroup_memory_limit(root_.path(), membership);
  }

  TempDirectory root_;
};

TEST_F(AvailableMemory, IsTheLeastLimitOnTheWayToTheGroup) {
  write("memory.max", "max\n");
  write("pods/memory.max", "1000\n");
  write("pods/mine/memory.max", "2000\n");
  write("other/memory.max", "10\n");
  EXPECT_EQ(limit("0::/pods/mine\n"), 1000u);
  EXPECT_EQ(limit("0::/\n"), kNone);
}

TEST_F(AvailableMemory, IsThatOfTheNamespacesRootInAContainer) {
  write("memory.max", "512\n");
  EXPECT_EQ(limit("0::/\n"), 512u);
  EXPECT_EQ(limit("0::/../elsewhere\n"), 512u);
}

TEST_F(AvailableMemory, KnowsTheFirstVersion) {
  write("memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("memory/docker/x/memory.limit_in_bytes", "4096\n");
  EXPECT_EQ(limit("12:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n"), 4096u);
}

TEST_F(AvailableMemory, NonsenseLimitsNothing) {
  write("memory.max", "0\n");
  EXPECT_EQ(limit(""), kNone);
  EXPECT_EQ(limit("0::/\nnonsense\n:\n"), kNone);
  EXPECT_GT(available_memory_bytes(), 0u);
}

}  // namespace
}  // namespace thumbmill
