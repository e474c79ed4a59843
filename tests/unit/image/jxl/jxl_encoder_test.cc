#include "image/jxl/jxl_encoder.h"

#include <cmath>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "image/jxl/jxl_kernel.h"
#include "image/planar/color.h"

namespace thumbmill {
namespace {

using planar::Pixels;

// Waves with a little noise, and alpha that rises to the right.
Pixels waves(std::uint32_t width, std::uint32_t height, std::size_t channels) {
  std::mt19937 random(17);
  Pixels pixels{{width, height}, channels, {}};
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double wave = std::sin(x / (7.0 + static_cast<double>(c))) * std::cos(y / 9.0);
        pixels.bytes.push_back(static_cast<std::uint8_t>(128 + 90 * wave + random() % 8));
      }
      if (channels == 4) {
        pixels.bytes.push_back(static_cast<std::uint8_t>(55 + 200 * (x + 1) / width));
      }
    }
  }
  return pixels;
}

std::string encode(const Pixels& pixels, int quality) {
  const auto file = jxl::jxl_encoder().encode_pixels(pixels, quality);
  EXPECT_TRUE(file.ok()) << file.status().to_string();
  return file.ok() ? *file : std::string();
}

Pixels decode(const std::string& file, SizePx size) {
  ThumbnailRequest request;
  request.renditions = {{.width_px = size.width, .height_px = size.height, .enlarge = true}};
  const auto decoded = jxl::decode_jxl(file, request);
  EXPECT_TRUE(decoded.ok()) << decoded.status().to_string();
  EXPECT_EQ(decoded->size, size);
  EXPECT_EQ(decoded->profile, "");
  return planar::to_rgb(decoded->picture);
}

double mean_difference(const Pixels& a, const Pixels& b) {
  EXPECT_EQ(a.bytes.size(), b.bytes.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) sum += std::abs(a.bytes[i] - b.bytes[i]);
  return sum / static_cast<double>(a.bytes.size());
}

TEST(JxlEncoder, IsAFormatOfPixels) {
  EXPECT_EQ(jxl::jxl_encoder().format, ImageFormat::jxl);
  EXPECT_EQ(jxl::jxl_encoder().encode_planes, nullptr);
}

TEST(JxlEncoder, GivesBackWhatItWasGiven) {
  for (const std::size_t channels : {3u, 4u}) {
    const Pixels pixels = waves(300, 200, channels);
    std::size_t last_size = 0;
    double last_difference = 99;
    for (const int quality : {1, 30, 60, 80, 95}) {
      const std::string file = encode(pixels, quality);
      const double difference = mean_difference(pixels, decode(file, pixels.size));
      EXPECT_GT(file.size(), last_size) << quality;
      EXPECT_LT(difference, last_difference) << quality;
      last_size = file.size();
      last_difference = difference;
    }
    EXPECT_LT(last_difference, 2.5) << channels;
  }
}

TEST(JxlEncoder, Quality100IsWithoutLoss) {
  for (const std::size_t channels : {3u, 4u}) {
    Pixels pixels = waves(150, 100, channels);
    const Pixels back = decode(encode(pixels, 100), pixels.size);
    // Planes are multiplied by alpha on their way, which costs a few levels.
    EXPECT_LT(mean_difference(pixels, back), channels == 3 ? 0.0001 : 1.5);
  }
}

TEST(JxlEncoder, TheSamePixelsGiveTheSameBytes) {
  const Pixels pixels = waves(333, 222, 4);
  for (const int quality : {50, 80, 100}) {
    EXPECT_EQ(encode(pixels, quality), encode(pixels, quality));
  }
}

// ISO/IEC 18181-2: a codestream alone begins with its own signature, and has no boxes.
TEST(JxlEncoder, WritesACodestreamAlone) {
  EXPECT_TRUE(encode(waves(40, 30, 3), 80).starts_with("\xff\x0a"));
}

TEST(JxlEncoder, TakesEverySize) {
  for (const SizePx size : {SizePx{1, 1}, {1, 40}, {40, 1}, {7, 9}, {257, 256}}) {
    const Pixels pixels = waves(size.width, size.height, 3);
    EXPECT_LT(mean_difference(pixels, decode(encode(pixels, 95), size)), 6) << size.width;
  }
}

TEST(JxlEncoder, DistancesAreCjxls) {
  EXPECT_FLOAT_EQ(jxl::distance_of(100), 0);
  EXPECT_FLOAT_EQ(jxl::distance_of(90), 1);
  EXPECT_FLOAT_EQ(jxl::distance_of(80), 1.9f);
  EXPECT_FLOAT_EQ(jxl::distance_of(30), 6.4f);
  EXPECT_NEAR(jxl::distance_of(29), 6.51, 0.01);
  EXPECT_NEAR(jxl::distance_of(1), 23.87, 0.01);
  for (int quality = 2; quality <= 100; ++quality) {
    EXPECT_LT(jxl::distance_of(quality), jxl::distance_of(quality - 1)) << quality;
  }
}

}  // namespace
}  // namespace thumbmill
