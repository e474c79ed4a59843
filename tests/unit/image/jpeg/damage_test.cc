// The quick decoder on hundreds of damaged JPEGs of every kind: what it makes of them is what
// libjpeg-turbo reads, or it hands them over.
#include <array>
#include <cstdlib>
#include <iostream>
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

constexpr std::array<std::pair<int, int>, 3> k444{{{1, 1}, {1, 1}, {1, 1}}},
    k422{{{2, 1}, {1, 1}, {1, 1}}}, k420{{{2, 2}, {1, 1}, {1, 1}}};

std::vector<JpegOptions> kinds() {
  std::vector<JpegOptions> kinds;
  for (const bool progressive : {false, true}) {
    for (const int restart : {0, 1, 5}) {
      for (const auto& factors : {k444, k422, k420}) {
        kinds.push_back({.width = 93, .height = 61, .factors = factors, .quality = 80});
        kinds.back().restart_interval = restart;
        kinds.back().progressive = progressive;
        kinds.back().optimized = restart == 1;
      }
      kinds.push_back({.width = 77, .height = 50, .components = 1, .quality = 70});
      kinds.back().restart_interval = restart;
      kinds.back().progressive = progressive;
    }
  }
  for (const int restart : {0, 3}) {  // a scan a component; and components that are RGB
    kinds.push_back({.width = 61, .height = 45, .restart_interval = restart, .interleaved = false});
    kinds.push_back({.width = 64, .height = 48, .rgb = true, .factors = k444});
  }
  return kinds;
}

// Variants of each file and damage; THUMBMILL_DAMAGE_ROUNDS says how many, for a long run.
int rounds() {
  const char* const named = std::getenv("THUMBMILL_DAMAGE_ROUNDS");
  return named == nullptr ? 4 : std::atoi(named);
}

std::string describe(const JpegOptions& o) {
  return std::to_string(o.width) + "x" + std::to_string(o.height) +
         (o.progressive ? " progressive" : "") + " restart " + std::to_string(o.restart_interval) +
         " luma " + std::to_string(o.factors[0].first) + "x" + std::to_string(o.factors[0].second);
}

TEST(Damage, WhatIsWholeIsDecodedByTheQuickDecoder) {
  for (const JpegOptions& options : kinds()) {
    SCOPED_TRACE(describe(options));
    const Comparison comparison = compare_decoders(make_jpeg(options));
    for (const Verdict verdict : comparison.verdicts) EXPECT_EQ(verdict, Verdict::same);
    EXPECT_EQ(comparison.difference, "");
  }
}

TEST(Damage, ThePictureIsThatOfLibjpegTurbo) {
  std::map<Damage, Tally> tallies;
  Tally all;
  std::uint32_t seed = 0;
  for (const JpegOptions& options : kinds()) {
    const std::string whole = make_jpeg(options);
    for (int i = 0; i < kDamages * rounds(); ++i) {
      const auto damage = static_cast<Damage>(i % kDamages);
      std::mt19937 random(++seed);
      std::string file = damaged(whole, damage, random);
      if (i >= kDamages * rounds() * 3 / 4)
        file = damaged(file, static_cast<Damage>(seed % kDamages), random);
      const Comparison comparison = compare_decoders(file);
      tallies[damage].add(comparison);
      all.add(comparison);
      EXPECT_EQ(comparison.difference, "")
          << describe(options) << ", " << damage_name(damage) << ", seed " << seed;
    }
  }
  for (const auto& [damage, tally] : tallies) {
    std::cout << damage_name(damage) << ": " << tally << "\n";
  }
  std::cout << "all: " << all << "\n";
  // Else the test would not compare much.
  EXPECT_GT(all.count(Verdict::same), 1'000u);
  EXPECT_GT(all.count(Verdict::handed_over), 1'000u);
}

}  // namespace
}  // namespace thumbmill::jpeg
