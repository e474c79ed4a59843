// Thousands of damaged variants of real photos: what the quick JPEG decoder makes of them is what
// libjpeg-turbo reads, or it hands them over. Of the large photos a part is damaged, coded anew in
// every way that cameras and programs do, for time. Skipped, visibly, without THUMBMILL_CORPUS.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image/jpeg/damaged_jpeg.h"
#include "image/jpeg/differential.h"
#include "image/jpeg/made_jpeg.h"

namespace thumbmill::jpeg {
namespace {

constexpr std::uint32_t kWidth = 250, kHeight = 187;
constexpr int kRounds = 4;         // variants of each part and damage
constexpr int kRoundsOfWhole = 6;  // of each photo that is small enough

struct Photo {
  std::string name;
  std::string bytes;
};

std::vector<Photo> read_photos() {
  const char* const named = std::getenv("THUMBMILL_CORPUS");
  const std::string folder =
      std::string(named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus") + "/photos";
  std::vector<Photo> photos;
  if (!std::filesystem::exists(folder)) return photos;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    photos.push_back({path.filename().string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  return photos;
}

// From the middle of the photo at half its size; `components` 1: of its green.
std::vector<std::uint8_t> part_of(const RgbPixels& photo, int components) {
  std::vector<std::uint8_t> part;
  const std::uint32_t left = (photo.width - kWidth) / 2, top = (photo.height - kHeight) / 2;
  for (std::uint32_t y = 0; y < kHeight; ++y) {
    for (std::uint32_t x = 0; x < kWidth; ++x) {
      const std::uint8_t* const pixel =
          photo.bytes.data() + (std::size_t{top + y} * photo.width + left + x) * 3;
      if (components == 1) {
        part.push_back(pixel[1]);
      } else {
        part.insert(part.end(), pixel, pixel + 3);
      }
    }
  }
  return part;
}

std::vector<JpegOptions> ways_of_coding() {
  std::vector<JpegOptions> ways;
  for (const int h : {1, 2}) {
    for (const int v : {1, 2}) {
      for (const int restart : {0, 6}) {
        for (const bool progressive : {false, true}) {
          JpegOptions way{.width = kWidth, .height = kHeight, .quality = h == v ? 90 : 75};
          way.factors[0] = {h, v};
          way.restart_interval = restart;
          way.progressive = progressive;
          way.optimized = h == 2;
          ways.push_back(way);
        }
      }
    }
  }
  ways.push_back({.width = kWidth, .height = kHeight, .components = 1, .restart_interval = 11});
  ways.push_back({.width = kWidth, .height = kHeight, .interleaved = false});
  return ways;
}

struct Counts {
  std::uint32_t seed = 0;
  std::uint64_t variants = 0;
  Tally all;
  std::map<Damage, Tally> by_damage;
};

void damage_and_compare(const std::string& whole, const std::string& name, int rounds,
                        Counts& counts) {
  const Comparison undamaged = compare_decoders(whole);
  EXPECT_EQ(undamaged.difference, "") << name;
  EXPECT_EQ(undamaged.verdicts[0], Verdict::same) << name;
  for (int i = 0; i < kDamages * rounds; ++i) {
    const auto damage = static_cast<Damage>(i % kDamages);
    std::mt19937 random(++counts.seed);
    std::string file = damaged(whole, damage, random);
    if (random() % 4 == 0) file = damaged(file, static_cast<Damage>(random() % kDamages), random);
    const Comparison comparison = compare_decoders(file);
    EXPECT_EQ(comparison.difference, "")
        << name << ", " << damage_name(damage) << ", seed " << counts.seed;
    counts.all.add(comparison);
    counts.by_damage[damage].add(comparison);
    ++counts.variants;
  }
}

TEST(DamagedPhotos, AreWhatLibjpegTurboReads) {
  constexpr std::size_t kSmall = 1 << 20;
  const std::vector<Photo> photos = read_photos();
  if (photos.empty()) GTEST_SKIP() << "no photos; set THUMBMILL_CORPUS";
  Counts counts;
  for (const Photo& photo : photos) {
    if (photo.bytes.size() < kSmall) {
      damage_and_compare(photo.bytes, photo.name, kRoundsOfWhole, counts);
    }
    const RgbPixels pixels = libjpeg_pixels(photo.bytes, 4);
    const std::vector<std::uint8_t> part = part_of(pixels, 3), grey = part_of(pixels, 1);
    for (const JpegOptions& way : ways_of_coding()) {
      damage_and_compare(make_jpeg(way, way.components == 1 ? grey : part), photo.name, kRounds,
                         counts);
    }
  }
  for (const auto& [damage, tally] : counts.by_damage) {
    std::cout << damage_name(damage) << ": " << tally << "\n";
  }
  std::cout << counts.variants << " variants at 3 scales: " << counts.all << "\n";
  EXPECT_GE(counts.variants, 5'000u);
  EXPECT_GT(counts.all.count(Verdict::same), counts.variants / 2);
  EXPECT_GT(counts.all.count(Verdict::handed_over), counts.variants / 2);
}

}  // namespace
}  // namespace thumbmill::jpeg
