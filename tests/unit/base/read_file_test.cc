#include "base/read_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temp_directory.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

TEST(ReadFile, GivesTheBytesOrSaysWhyNot) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/file";
  const std::string bytes = std::string("a\0b", 3) + std::string(40'000, 'x');
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(read_file(path, "it", bytes.size()).value(), bytes);
  const Status large = read_file(path, "the file of tests", bytes.size() - 1).status();
  EXPECT_EQ(large.code(), Code::too_large);
  EXPECT_THAT(large.message(), HasSubstr("the file of tests has more than 40002 bytes"));
  EXPECT_EQ(read_file(path + "s", "it", 1).status().code(), Code::not_found);
  EXPECT_THAT(read_file(directory.path(), "it", 1).status().to_string(), HasSubstr("directory"));
  EXPECT_EQ(read_file("/dev/zero", "it", 1 << 20).status().code(), Code::too_large);
}

}  // namespace
}  // namespace thumbmill
