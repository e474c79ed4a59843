// Runs a fuzzer's corpus as ordinary tests, what was found once stays fixed in every build; and
// real images, if THUMBMILL_CORPUS or ../shared/corpus beside the source tree has any.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz_target.h"

namespace thumbmill {
namespace {

std::vector<std::string> corpus_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(THUMBMILL_FUZZ_CORPUS)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Those that the target is for: good, damaged and reported ones.
std::vector<std::string> real_images() {
  const std::string extensions = "," THUMBMILL_FUZZ_SEEDS ",";
  const char* const named = std::getenv("THUMBMILL_CORPUS");
  const std::filesystem::path images =
      named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
  std::vector<std::string> files;
  for (const char* const folder : {"good", "bad", "reported"}) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(images / folder, none)) {
      const std::string extension = entry.path().extension();
      const bool fits = extension.size() > 1 &&
                        extensions.find("," + extension.substr(1) + ",") != std::string::npos;
      if (fits) files.push_back(entry.path());
    }
  }
  return files;
}

void run(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  // A copy of its own of exactly this size lets AddressSanitizer see a read past the end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  EXPECT_EQ(LLVMFuzzerTestOneInput(input.data(), input.size()), 0);
}

std::string case_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).filename();
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0; };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !is_word(c); }, '_');
  return std::to_string(info.index) + "_" + name;
}

class Replay : public ::testing::TestWithParam<std::string> {};

TEST_P(Replay, Survives) { run(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Corpus, Replay, ::testing::ValuesIn(corpus_files()), case_name);

TEST(RealImages, Survive) {
  if (std::string_view(THUMBMILL_FUZZ_SEEDS).empty()) GTEST_SKIP() << "not a target for images";
  const std::vector<std::string> files = real_images();
  if (files.empty()) GTEST_SKIP() << "no images; set THUMBMILL_CORPUS";
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    run(file);
  }
}

TEST(Corpus, HasFiles) { EXPECT_FALSE(corpus_files().empty()); }

}  // namespace
}  // namespace thumbmill
