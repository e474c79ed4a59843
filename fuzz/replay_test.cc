// Runs a fuzzer's corpus as ordinary tests: what was found once stays fixed in every build.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz_target.h"

namespace thumbmill {
namespace {

std::vector<std::string> corpus_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(THUMBMILL_CORPUS)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string case_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).filename();
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0; };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !is_word(c); }, '_');
  return std::to_string(info.index) + "_" + name;
}

class Replay : public ::testing::TestWithParam<std::string> {};

TEST_P(Replay, Survives) {
  std::ifstream file(GetParam(), std::ios::binary);
  ASSERT_TRUE(file) << GetParam();
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  // A copy of its own of exactly this size lets AddressSanitizer see a read past the end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  EXPECT_EQ(LLVMFuzzerTestOneInput(input.data(), input.size()), 0);
}

INSTANTIATE_TEST_SUITE_P(Corpus, Replay, ::testing::ValuesIn(corpus_files()), case_name);

TEST(Corpus, HasFiles) { EXPECT_FALSE(corpus_files().empty()); }

}  // namespace
}  // namespace thumbmill
