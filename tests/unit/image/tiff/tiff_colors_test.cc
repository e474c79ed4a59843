// What a TIFF's samples mean: colour models, alpha, profiles.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "decoding.h"
#include "image/planar/color.h"
#include "image/planar/color_space.h"
#include "tiff_files.h"

namespace thumbmill::tiff {
namespace {

// A picture in which each pixel has these samples, as they are stored.
std::string flat(TiffSpec spec, const std::vector<std::uint64_t>& samples) {
  spec.samples = static_cast<std::uint16_t>(samples.size());
  return write_tiff_numbers(
      spec, [&](std::uint32_t, std::uint32_t, std::size_t i) { return samples[i]; });
}

// Its planes' samples.
std::vector<int> decoded_flat(const std::string& file) {
  const auto decoded = decode(file);
  if (!decoded.ok()) {
    ADD_FAILURE() << decoded.status().to_string();
    return {};
  }
  std::vector<int> samples;
  for (std::size_t i = 0; i < decoded->picture.planes.size(); ++i) {
    samples.push_back(sample_at(*decoded, 20, 20, i));
    EXPECT_EQ(sample_at(*decoded, 0, 0, i), samples.back());
    EXPECT_EQ(sample_at(*decoded, 36, 28, i), samples.back());
  }
  return samples;
}

void expect_near(const std::vector<int>& made, const std::vector<int>& expected, int tolerance) {
  ASSERT_EQ(made.size(), expected.size());
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], expected[i], tolerance) << i;
}

using Samples = std::vector<int>;

constexpr std::uint16_t kUnspecified = EXTRASAMPLE_UNSPECIFIED;
constexpr std::uint16_t kMultiplied = EXTRASAMPLE_ASSOCALPHA;
constexpr std::uint16_t kStraight = EXTRASAMPLE_UNASSALPHA;

// Planes hold colours multiplied by alpha, whichever way the file has them.
TEST(TiffColors, AlphaOfEitherKind) {
  for (const bool separate : {false, true}) {
    for (const std::uint32_t tile : {0u, 16u}) {
      TiffSpec spec{.separate = separate, .tile_width = tile, .tile_height = tile};
      spec.extra = {kStraight};
      expect_near(decoded_flat(flat(spec, {200, 100, 50, 128})), {100, 50, 25, 128}, 1);
      spec.extra = {kMultiplied};
      expect_near(decoded_flat(flat(spec, {100, 50, 25, 128})), {100, 50, 25, 128}, 1);
      EXPECT_EQ(decoded_flat(flat(spec, {0, 0, 0, 0})), (Samples{0, 0, 0, 0}));
      // More colour than alpha allows.
      expect_near(decoded_flat(flat(spec, {255, 255, 25, 128})), {128, 128, 25, 128}, 1);
      spec.bits = 16;
      expect_near(decoded_flat(flat(spec, {100 * 257, 50 * 257, 25 * 257, 128 * 257})),
                  {100, 50, 25, 128}, 1);
    }
  }
}

TEST(TiffColors, AlphaOfGreyAndOfRealNumbers) {
  TiffSpec spec{.photometric = PHOTOMETRIC_MINISBLACK, .extra = {kStraight}};
  expect_near(decoded_flat(flat(spec, {200, 128})), {100, 128}, 1);
  spec.photometric = PHOTOMETRIC_MINISWHITE;
  expect_near(decoded_flat(flat(spec, {55, 128})), {100, 128}, 1);
  spec.bits = 1;
  EXPECT_EQ(decoded_flat(flat(spec, {0, 1})), (Samples{255, 255}));
  spec = {.bits = 32, .format = SAMPLEFORMAT_IEEEFP, .extra = {kMultiplied}};
  const auto bits = [&](double value) { return coded(spec, value); };
  expect_near(decoded_flat(flat(spec, {bits(0.4), bits(0.2), bits(0.1), bits(0.5)})),
              {102, 51, 26, 128}, 1);
}

TEST(TiffColors, WhichExtraSampleIsAlpha) {
  TiffSpec spec;
  const auto planes = [&](std::vector<std::uint16_t> kinds) {
    spec.extra = std::move(kinds);
    std::vector<std::uint64_t> samples{200, 100, 50};
    for (std::size_t i = 0; i < spec.extra.size(); ++i) samples.push_back(10 + i);
    return decoded_flat(flat(spec, samples)).back();
  };
  EXPECT_EQ(planes({kUnspecified}), 10);
  EXPECT_EQ(planes({kUnspecified, kUnspecified}), 50);  // none
  EXPECT_EQ(planes({kMultiplied, kUnspecified}), 10);
  EXPECT_EQ(planes({kUnspecified, kStraight}), 11);
  EXPECT_EQ(planes({kUnspecified, kUnspecified, kUnspecified, kMultiplied}), 13);
  for (spec.separate = false;; spec.separate = true) {
    spec.extra = {kUnspecified, kStraight};
    expect_near(decoded_flat(flat(spec, {200, 100, 50, 1, 255})), {200, 100, 50, 255}, 0);
    if (spec.separate) break;
  }
}

TEST(TiffColors, Palettes) {
  for (const int bits : {1, 2, 4, 8, 16}) {
    TiffSpec spec{.bits = bits, .photometric = PHOTOMETRIC_PALETTE};
    const std::size_t colors = std::size_t{1} << bits;
    for (std::size_t i = 0; i < colors; ++i) {
      spec.palette.push_back({static_cast<std::uint16_t>(i * 65535 / (colors - 1)),
                              static_cast<std::uint16_t>(65535 - i * 65535 / (colors - 1)),
                              std::uint16_t{20000}});
    }
    const std::size_t index = colors * 2 / 3;
    const int red = static_cast<int>(std::lround(spec.palette[index][0] / 257.0));
    expect_near(decoded_flat(flat(spec, {index})), {red, 255 - red, 78}, 1);
  }
}

TEST(TiffColors, PalettesOfBytesAndWithAlpha) {
  TiffSpec spec{.photometric = PHOTOMETRIC_PALETTE};
  for (std::uint16_t i = 0; i < 256; ++i) {
    const auto rest = static_cast<std::uint16_t>(255 - i);
    spec.palette.push_back({i, rest, 7});
  }
  expect_near(decoded_flat(flat(spec, {200})), {200, 55, 7}, 0);
  spec.extra = {kStraight};
  expect_near(decoded_flat(flat(spec, {200, 128})), {100, 28, 4, 128}, 1);
}

TEST(TiffColors, Inks) {
  for (const bool separate : {false, true}) {
    for (const std::uint32_t tile : {0u, 16u}) {
      TiffSpec spec{.photometric = PHOTOMETRIC_SEPARATED, .separate = separate};
      spec.tile_width = spec.tile_height = tile;
      EXPECT_EQ(decoded_flat(flat(spec, {255, 128, 7, 0})), (Samples{255, 128, 7, 0}));
      EXPECT_EQ(decode(flat(spec, {1, 2, 3, 4}))->picture.model, planar::ColorModel::cmyk);
      EXPECT_EQ(decoded_flat(flat(spec, {255, 128, 7})), (Samples{255, 128, 7, 0}));
      spec.extra = {kUnspecified};  // a fifth ink
      EXPECT_EQ(decoded_flat(flat(spec, {255, 128, 7, 0, 99})), (Samples{255, 128, 7, 0}));
      spec.extra = {};
      spec.bits = 16;
      EXPECT_EQ(decoded_flat(flat(spec, {65535, 128 * 257, 7 * 257, 0})),
                (Samples{255, 128, 7, 0}));
    }
  }
}

TEST(TiffColors, InksWithAlphaBecomeRgb) {
  TiffSpec spec{.photometric = PHOTOMETRIC_SEPARATED, .extra = {kStraight}};
  expect_near(decoded_flat(flat(spec, {255, 0, 51, 51, 128})), {0, 102, 82, 128}, 1);
}

TEST(TiffColors, YcbcrOfEachSubsampling) {
  for (const std::uint16_t across : {1, 2, 4}) {
    for (const std::uint16_t down : {1, 2, 4}) {
      for (const std::uint32_t tile : {0u, 16u}) {
        if (down > across) continue;  // section 21 has none, and libtiff writes none
        SCOPED_TRACE(testing::Message() << across << " " << down << " " << tile);
        TiffSpec spec{.photometric = PHOTOMETRIC_YCBCR, .subsampling = {across, down}};
        spec.rows_per_strip = 8;
        spec.tile_width = spec.tile_height = tile;
        expect_near(decoded_flat(flat(spec, {100, 150, 90})), {47, 120, 139}, 1);
        EXPECT_EQ(decoded_flat(flat(spec, {255, 128, 128})), (Samples{255, 255, 255}));
      }
    }
  }
}

TEST(TiffColors, SubsampledLumaIsWhereItBelongs) {
  TiffSpec spec{.photometric = PHOTOMETRIC_YCBCR, .subsampling = {2, 2}};
  spec.rows_per_strip = 8;
  const auto decoded = decode(write_tiff_numbers(
      spec, [](std::uint32_t x, std::uint32_t y, std::size_t i) -> std::uint64_t {
        return i == 0 ? x * 5 + y : 128;
      }));
  ASSERT_TRUE(decoded.ok());
  for (std::uint32_t y = 0; y < spec.height; ++y) {
    for (std::uint32_t x = 0; x < spec.width; ++x) {
      ASSERT_EQ(sample_at(*decoded, x, y, 1), static_cast<int>(x * 5 + y));
    }
  }
}

// By the formulas of CIE 15 and IEC 61966-2-1, L*a*b* relative to sRGB's white.
TEST(TiffColors, Lab) {
  TiffSpec spec{.photometric = PHOTOMETRIC_CIELAB};
  const auto negative = [](int value, int bits) {
    return static_cast<std::uint64_t>(value + (1 << bits));
  };
  for (const bool separate : {false, true}) {
    spec.separate = separate;
    spec.bits = 8;
    expect_near(decoded_flat(flat(spec, {255, 0, 0})), {255, 255, 255}, 1);
    expect_near(decoded_flat(flat(spec, {128, 0, 0})), {119, 119, 119}, 1);
    expect_near(decoded_flat(flat(spec, {128, 20, negative(-30, 8)})), {127, 110, 171}, 1);
    spec.bits = 16;
    expect_near(decoded_flat(flat(spec, {65535, 0, 0})), {255, 255, 255}, 1);
    expect_near(decoded_flat(flat(spec, {32896, 20 * 256, negative(-30 * 256, 16)})),
                {127, 110, 171}, 1);
  }
}

TEST(TiffColors, OtherLabs) {
  TiffSpec spec{.photometric = PHOTOMETRIC_ICCLAB};
  expect_near(decoded_flat(flat(spec, {128, 148, 98})), {127, 110, 171}, 1);
  spec.bits = 16;
  expect_near(decoded_flat(flat(spec, {65280, 128 * 256, 128 * 256})), {255, 255, 255}, 1);
  expect_near(decoded_flat(flat(spec, {32768, 148 * 256, 98 * 256})), {127, 110, 171}, 1);
  spec = {.photometric = PHOTOMETRIC_ITULAB};
  expect_near(decoded_flat(flat(spec, {255, 128, 96})), {255, 255, 255}, 1);
  expect_near(decoded_flat(flat(spec, {128, 158, 58})), {127, 110, 171}, 2);
  spec = {.bits = 32, .photometric = PHOTOMETRIC_CIELAB, .format = SAMPLEFORMAT_IEEEFP};
  const auto bits = [&](float value) { return coded(spec, value); };
  expect_near(decoded_flat(flat(spec, {bits(50.196f), bits(20), bits(-30)})), {127, 110, 171}, 1);
  spec = {.photometric = PHOTOMETRIC_CIELAB, .extra = {kStraight}};
  expect_near(decoded_flat(flat(spec, {128, 0, 0, 128})), {60, 60, 60, 128}, 1);
}

// libtiff's own conversion: neutral colours stay neutral, light ones are lighter.
TEST(TiffColors, LogLuv) {
  TiffSpec spec{.bits = 32, .photometric = PHOTOMETRIC_LOGLUV, .format = SAMPLEFORMAT_IEEEFP};
  spec.compression = COMPRESSION_SGILOG;
  int before = -1;
  for (const float light : {0.05f, 0.2f, 0.8f}) {
    const auto bits = [&](float value) { return coded(spec, value); };
    const Samples samples =
        decoded_flat(flat(spec, {bits(light), bits(light), bits(light)}));  // X, Y, Z
    ASSERT_EQ(samples.size(), 3u);
    EXPECT_NEAR(samples[0], samples[1], 12);
    EXPECT_GT(samples[1], before);
    before = samples[1];
  }
}

TEST(TiffColors, ProfilesComeAlong) {
  TiffSpec spec{.profile = planar::profile_of(planar::Cicp{12, 13})};
  ASSERT_FALSE(spec.profile.empty());
  EXPECT_EQ(decode(flat(spec, {200, 100, 50}))->profile, spec.profile);
  EXPECT_EQ(decode(flat({}, {200, 100, 50}))->profile, "");
  spec.photometric = PHOTOMETRIC_CIELAB;  // already sRGB when it is handed on
  EXPECT_EQ(decode(flat(spec, {200, 100, 50}))->profile, "");
}

// A dark colour in linear light has less than one level of 255.
TEST(TiffColors, LinearPicturesKeepTheirShadows) {
  const std::string linear = planar::profile_of(std::nullopt, 1.0);
  for (const int bits : {16, 32}) {
    TiffSpec spec{.bits = bits, .profile = linear};
    if (bits == 32) spec.format = SAMPLEFORMAT_IEEEFP;
    for (const double light : {0.0005, 0.002, 0.01, 0.2, 1.0}) {
      const std::uint64_t sample = coded(spec, light);
      auto decoded = decode(flat(spec, {sample, sample, sample}));
      ASSERT_TRUE(decoded.ok());
      planar::ProfileCache cache;
      const auto transform = cache.find(decoded->profile, decoded->picture.model);
      const planar::Pixels made = planar::to_srgb(decoded->picture, transform.get());
      const double expected =
          light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
      EXPECT_NEAR(made.bytes[0], expected * 255, 1.1) << light;
    }
  }
}

TEST(TiffColors, WithoutPhotometricInterpretation) {
  // The tag is renamed to a private one.
  const auto without = [](std::string file) {
    const std::string tag("\x06\x01\x03\x00\x01\x00\x00\x00", 8);
    const std::size_t at = file.find(tag);
    EXPECT_NE(at, std::string::npos);
    file[at] = '\x05';  // 261, of no meaning
    return file;
  };
  EXPECT_EQ(decoded_flat(without(flat({}, {200, 100, 50}))), (Samples{200, 100, 50}));
  TiffSpec grey{.photometric = PHOTOMETRIC_MINISBLACK};
  EXPECT_EQ(decoded_flat(without(flat(grey, {200}))), (Samples{200}));
}

}  // namespace
}  // namespace thumbmill::tiff
