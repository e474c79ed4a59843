// Files that lie, are damaged, or find no memory.
#include <random>
#include <vector>

#include "address_limit.h"
#include "jp2/jp2_fixture.h"

namespace thumbmill {
namespace {

// I.4: a box ends within the one around it.
TEST_F(Jp2, RefusesBoxesThatAreLongerThanTheirs) {
  const std::string stream = encode(four_quarters());
  const std::string resolution = std::string("\0\1\0\1\0\1\0\1\0\0", 10);
  const std::string good = jp2_box("res ", jp2_box("resc", resolution));
  EXPECT_EQ(code(jp2_file(color_box(16) + good, stream)), Code::ok);
  std::string bad = jp2_box("resc", resolution);
  bad[3] = 34;
  EXPECT_EQ(code(jp2_file(color_box(16) + jp2_box("res ", bad), stream)), Code::corrupt_input);
  std::string colors = color_box(16);
  colors[3] = 16;
  EXPECT_EQ(code(jp2_file(colors, stream)), Code::corrupt_input);
}

TEST_F(Jp2, LimitsAndMemoryComeBeforePixels) {
  std::string file = encode(four_quarters());
  limits_.max_pixels = kWidth * kHeight - 1;
  EXPECT_EQ(make(file).status().message(),
            "the image has 3072 pixels (64 x 48); max-pixels is 3071");
  limits_ = {};
  limits_.max_side_px = kWidth - 1;
  EXPECT_EQ(code(file), Code::too_large);
  limits_ = {};
  EXPECT_EQ(admissions_, 0);
  admission_ = Status(Code::exhausted, "no memory now");
  EXPECT_EQ(code(file), Code::exhausted);
  EXPECT_EQ(admissions_, 1);
}

// A.5.1: the sides of the picture at 8 and 12, of tiles at 24 and 28.
TEST_F(Jp2, BoundsTilesAndSizesOfLyingHeaders) {
  const std::string file = encode(four_quarters());
  const auto with = [&](std::size_t at, std::uint32_t value) {
    std::string changed = file;
    changed.replace(at, 4, big_endian(value, 4));
    return changed;
  };
  ASSERT_EQ(with(8, kWidth), file);
  ASSERT_EQ(with(24, kWidth), file);
  EXPECT_EQ(code(with(8, 0xffffffff)), Code::too_large);
  EXPECT_EQ(code(with(8, 0)), Code::corrupt_input);
  EXPECT_EQ(code(with(24, 0)), Code::corrupt_input);
  std::string tiny = with(24, 1);
  tiny.replace(28, 4, big_endian(1, 4));
  EXPECT_NE(code(tiny), Code::internal);  // 3,072 tiles, of which one is there
  tiny.replace(8, 4, big_endian(10000, 4));
  EXPECT_EQ(make(tiny).status().message(), "the image has 480000 tiles; at most 16384 are read");
}

std::vector<std::string> large_files() {
  std::vector<std::string> files;
  for (const std::uint32_t tile : {0u, 256u}) {
    MadeCodestream made = four_quarters(1400, 1000);
    made.tile_side = tile;
    made.levels = tile == 0 ? 0 : 3;
    files.push_back(encode(made));
  }
  return files;
}

TEST_F(Jp2, WithoutMemoryItIsTooLarge) {
  if (!has_address_limits()) GTEST_SKIP() << "sanitizers take addresses of their own";
  int pictures = 0, refused = 0;
  for (const std::string& file : large_files()) {
    const ThumbnailRequest wanted = request(file, 64);
    for (const std::uint64_t mebibytes : {1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 512}) {
      const auto end = run_with_memory(
          mebibytes << 20, [&] { return thumbnailer_.make(wanted, {}).status().code(); });
      ASSERT_TRUE(end.has_value()) << mebibytes << " MiB";
      EXPECT_TRUE(*end == Code::ok || *end == Code::too_large)
          << mebibytes << " MiB: " << code_name(*end);
      ++(*end == Code::ok ? pictures : refused);
    }
  }
  EXPECT_GT(pictures, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(Jp2, ACutOffFileIsDamaged) {
  std::mt19937 random(3);
  for (const std::uint32_t tile : {0u, 32u}) {
    MadeCodestream made = four_quarters();
    made.tile_side = tile;
    made.levels = 2;
    made.resolutions_first = tile == 0;
    made.sample = [&](std::size_t, std::uint32_t, std::uint32_t) {
      return static_cast<int>(random() % 256);
    };
    const std::string file = jp2_file(color_box(16), encode(made));
    ASSERT_EQ(code(file), Code::ok);
    constexpr std::size_t kEndMarker = 2;  // A.4.4: not missed
    for (std::size_t size = 0; size + kEndMarker < file.size(); ++size) {
      ASSERT_EQ(code(file.substr(0, size)), Code::corrupt_input) << size << " of " << file.size();
    }
  }
}

TEST_F(Jp2, DamagedFilesEndInAPictureOrAFailure) {
  std::mt19937 random(11);
  for (const std::uint32_t tile : {0u, 20u}) {
    MadeCodestream made = four_quarters();
    made.tile_side = tile;
    made.levels = 2;
    const std::string whole = jp2_file(color_box(16), encode(made));
    for (int i = 0; i < 500; ++i) {
      std::string file = whole;
      for (int k = 0; k < 4; ++k) file[random() % file.size()] = static_cast<char>(random());
      const Code end = code(file);
      EXPECT_TRUE(end == Code::ok || end == Code::corrupt_input || end == Code::unsupported ||
                  end == Code::too_large)
          << code_name(end);
    }
  }
}

}  // namespace
}  // namespace thumbmill
