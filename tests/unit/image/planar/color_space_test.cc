// Colours that are given in numbers, and pictures brighter than sRGB's.
#include "image/planar/color_space.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "image/planar/box_reduce.h"
#include "image/planar/color.h"
#include "image/planar/hdr_to_srgb.h"

namespace thumbmill::planar {
namespace {

using Rgb = std::array<int, 3>;

Picture one_pixel(ColorModel model, const std::vector<std::uint8_t>& samples) {
  Picture picture;
  picture.model = model;
  for (const std::uint8_t sample : samples) {
    picture.planes.push_back({1, 1, 1, 1, 1, 0, 0, {sample}});
  }
  return picture;
}

// What a colour becomes in sRGB by an ICC profile.
Rgb converted(const std::string& profile, ColorModel model,
              const std::vector<std::uint8_t>& samples) {
  ProfileCache cache;
  const auto transform = cache.find(profile, model);
  const Pixels made = to_srgb(one_pixel(model, samples), transform.get());
  return {made.bytes[0], made.bytes[1], made.bytes[2]};
}

void expect_near(const Rgb& a, const Rgb& b, int tolerance) {
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(a[c], b[c], tolerance) << a[0] << " " << a[1] << " " << a[2];
  }
}

TEST(ColorSpace, SrgbNeedsNoProfile) {
  EXPECT_TRUE(profile_of(Cicp{1, 13}).empty());
  EXPECT_TRUE(profile_of(Cicp{1, 1}).empty());
  EXPECT_TRUE(profile_of(Cicp{}).empty());
  EXPECT_TRUE(profile_of(std::nullopt, std::nullopt).empty());
}

TEST(ColorSpace, TheSameColoursGiveTheSameBytes) {
  EXPECT_EQ(profile_of(Cicp{12, 13}), profile_of(Cicp{12, 13}));
  EXPECT_NE(profile_of(Cicp{12, 13}), profile_of(Cicp{9, 13}));
}

// Computed from the primaries: linear light, matrix, clipped, sRGB's curve.
TEST(ColorSpace, DisplayP3BecomesSrgb) {
  const std::string p3 = profile_of(Cicp{12, 13});
  expect_near(converted(p3, ColorModel::rgb, {255, 255, 255}), {255, 255, 255}, 1);
  expect_near(converted(p3, ColorModel::rgb, {128, 128, 128}), {128, 128, 128}, 1);
  expect_near(converted(p3, ColorModel::rgb, {200, 100, 50}), {214, 95, 29}, 2);
}

TEST(ColorSpace, GammaBecomesSrgbs) {
  for (const int level : {10, 60, 128, 200, 255}) {
    for (const double exponent : {1.0, 1.8, 2.2}) {
      const double light = std::pow(level / 255.0, exponent);
      const double srgb =
          light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
      const int expected = static_cast<int>(std::lround(srgb * 255));
      const auto sample = static_cast<std::uint8_t>(level);
      expect_near(
          converted(profile_of(std::nullopt, exponent), ColorModel::rgb, {sample, sample, sample}),
          {expected, expected, expected}, 2);
      expect_near(converted(grey_profile_of(exponent), ColorModel::grey, {sample}),
                  {expected, expected, expected}, 2);
    }
  }
}

TEST(ColorSpace, WhatMakesNoSenseIsTakenForSrgb) {
  EXPECT_TRUE(profile_of(std::nullopt, 0.0).empty());
  EXPECT_TRUE(profile_of(std::nullopt, std::nan("")).empty());
  EXPECT_TRUE(profile_of(std::nullopt, 1e9).empty());
  EXPECT_TRUE(grey_profile_of(-1).empty());
  EXPECT_TRUE(profile_of(Primaries{}, 2.2).empty());
  const Primaries line{{0.1, 0.1}, {0.2, 0.2}, {0.3, 0.3}, {0.2, 0.2}};
  EXPECT_TRUE(profile_of(line, 2.2).empty());
  const Primaries white_outside{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}, {0.9, 0.05}};
  EXPECT_TRUE(profile_of(white_outside, 2.2).empty());
  EXPECT_TRUE(profile_of(Cicp{200, 13}).empty());
  EXPECT_TRUE(profile_of(Cicp{12, 250}).empty());
}

TEST(ColorSpace, InksAreTakenOffWhite) {
  expect_near(converted("", ColorModel::cmyk, {0, 0, 0, 0}), {255, 255, 255}, 0);
  expect_near(converted("", ColorModel::cmyk, {0, 0, 0, 255}), {0, 0, 0}, 0);
  expect_near(converted("", ColorModel::cmyk, {255, 0, 0, 0}), {0, 255, 255}, 0);
  expect_near(converted("", ColorModel::cmyk, {0, 128, 0, 128}), {127, 63, 127}, 1);
}

// ITU-T H.273 table 4: BT.709 and BT.2020 weigh otherwise than JPEG.
TEST(ColorSpace, LumaWeightsChangeTheColours) {
  Picture red = one_pixel(ColorModel::ycbcr, {54, 99, 255});
  red.weights = {0.2126, 0.0722};
  const Pixels made = to_rgb(red);
  expect_near({made.bytes[0], made.bytes[1], made.bytes[2]}, {254, 0, 0}, 2);
}

TEST(HdrToSrgb, ToneMappingIsSteadyAndEndsInWhite) {
  EXPECT_EQ(tone_mapped(0), 0);
  EXPECT_DOUBLE_EQ(tone_mapped(0.5), 0.25);
  EXPECT_NEAR(tone_mapped(1000.0 / 203), 1, 1e-9);
  EXPECT_EQ(tone_mapped(50), 1);
  double last = 0;
  for (double light = 0.01; light < 6; light += 0.01) {
    EXPECT_GE(tone_mapped(light), last);
    EXPECT_LT(tone_mapped(light) - last, 0.006);
    last = tone_mapped(light);
  }
}

Rgb through(const Cicp& cicp, std::array<float, 3> sample) {
  HdrToSrgb(cicp).convert(sample.data(), 1);
  Rgb made{};
  for (std::size_t c = 0; c < 3; ++c) made[c] = static_cast<int>(std::lround(sample[c] * 255));
  return made;
}

TEST(HdrToSrgb, PaperWhiteIsHalfOfTheLight) {
  // BT.2408 table 1: paper white is 58 % PQ and 75 % HLG; half of sRGB's light is level 188.
  expect_near(through({9, 16}, {0.58f, 0.58f, 0.58f}), {188, 188, 188}, 2);
  expect_near(through({9, 18}, {0.75f, 0.75f, 0.75f}), {188, 188, 188}, 2);
  expect_near(through({9, 16}, {0, 0, 0}), {0, 0, 0}, 0);
  expect_near(through({9, 16}, {1, 1, 1}), {255, 255, 255}, 0);
  expect_near(through({9, 18}, {1, 1, 1}), {255, 255, 255}, 1);
}

TEST(HdrToSrgb, TakesAnySample) {
  const float inf = INFINITY;
  expect_near(through({9, 16}, {-1, -inf, NAN}), {0, 0, 0}, 0);
  expect_near(through({200, 16}, {2, inf, 7}), {255, 255, 255}, 0);
}

TEST(HdrToSrgb, ConvertsReducedRowsWithAlphaAndWithout) {
  const HdrToSrgb conversion({9, 16});
  const auto white = static_cast<std::uint16_t>(0.58 * 65535);
  for (const std::size_t channels : {1u, 2u, 3u, 4u}) {
    for (const std::size_t side : {1u, 2u}) {
      const bool has_alpha = channels % 2 == 0;
      const auto reducer = make_box_reducer(2, 2, channels, has_alpha, true, side, &conversion);
      std::vector<std::uint16_t> row(2 * channels + 8, white);
      if (has_alpha) row[channels - 1] = row[2 * channels - 1] = 0x8000;
      reducer->add(row.data());
      reducer->add(row.data());
      const Picture made = reducer->take();
      ASSERT_EQ(made.planes.size(), channels);
      EXPECT_NEAR(made.planes[0].samples[0], has_alpha ? 94 : 188, 2) << channels << " " << side;
      EXPECT_EQ(made.planes.back().samples[0], has_alpha ? 128 : made.planes[0].samples[0]);
    }
  }
}

}  // namespace
}  // namespace thumbmill::planar
