// Every way in which a TIFF can hold the same picture gives the same planes.
#include <cmath>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "decoding.h"
#include "tiff_files.h"

namespace thumbmill::tiff {
namespace {

std::string slopes_file(const TiffSpec& spec) {
  return write_tiff(spec, [&](std::uint32_t x, std::uint32_t y, std::size_t sample) {
    return slopes(spec, x, y, sample);
  });
}

// What a sample holds of `value`, 0 to 255.
double kept(const TiffSpec& spec, double value) {
  if (spec.format == SAMPLEFORMAT_IEEEFP || spec.bits > 16) return value * 255;
  const double most = std::ldexp(1.0, spec.bits) - 1;
  return std::floor(value * most + 0.5) / most * 255;
}

// Slopes without alpha, in the model of as many planes.
void expect_slopes(const TiffSpec& spec, double tolerance = 1) {
  const auto decoded = decode(slopes_file(spec));
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  const auto planes = decoded->picture.planes.size();
  ASSERT_EQ(planes, spec.samples);
  ASSERT_EQ(decoded->size, (SizePx{spec.width, spec.height}));
  double worst = 0;
  for (std::size_t plane = 0; plane < planes; ++plane) {
    for (std::uint32_t y = 0; y < spec.height; ++y) {
      for (std::uint32_t x = 0; x < spec.width; ++x) {
        const double expected = kept(spec, slopes(spec, x, y, plane));
        worst = std::max(worst, std::abs(sample_at(*decoded, x, y, plane) - expected));
      }
    }
  }
  EXPECT_LE(worst, tolerance);
}

enum class Place { strips, tiles, separate_strips, separate_tiles };

TiffSpec placed(TiffSpec spec, Place place) {
  spec.separate = place == Place::separate_strips || place == Place::separate_tiles;
  if (place == Place::tiles || place == Place::separate_tiles) {
    spec.tile_width = 32;
    spec.tile_height = 16;
  }
  return spec;
}

constexpr Place kPlaces[] = {Place::strips, Place::tiles, Place::separate_strips,
                             Place::separate_tiles};

TEST(TiffFormats, WholeNumbersOfAnyWidth) {
  for (int bits = 1; bits <= 64; ++bits) {
    for (const std::uint16_t samples : {1, 3}) {
      for (const Place place : kPlaces) {
        for (const std::uint16_t format : {SAMPLEFORMAT_UINT, SAMPLEFORMAT_INT}) {
          SCOPED_TRACE(testing::Message() << bits << " bits, " << samples << " samples, place "
                                          << static_cast<int>(place) << ", format " << format);
          TiffSpec spec{.bits = bits, .samples = samples, .format = format};
          spec.photometric = samples == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB;
          if (samples == 1 && place == Place::separate_strips) continue;
          expect_slopes(placed(spec, place));
        }
      }
    }
  }
}

TEST(TiffFormats, RealNumbers) {
  for (const int bits : {16, 24, 32, 64}) {
    for (const Place place : kPlaces) {
      SCOPED_TRACE(testing::Message() << bits << " " << static_cast<int>(place));
      expect_slopes(placed({.bits = bits, .format = SAMPLEFORMAT_IEEEFP}, place));
    }
  }
}

TEST(TiffFormats, RealNumbersOutsideOfZeroToOneAreCutOff) {
  const double values[] = {-1, -0.0, 0.5, 1, 7, INFINITY, -INFINITY, NAN};
  const int expected[] = {0, 0, 128, 255, 255, 255, 0, 0};
  for (const int bits : {32, 64}) {
    TiffSpec spec{.width = 8, .height = 1, .bits = bits, .samples = 1};
    spec.photometric = PHOTOMETRIC_MINISBLACK;
    spec.format = SAMPLEFORMAT_IEEEFP;
    const auto decoded = decode(
        write_tiff(spec, [&](std::uint32_t x, std::uint32_t, std::size_t) { return values[x]; }));
    ASSERT_TRUE(decoded.ok());
    for (std::uint32_t x = 0; x < 8; ++x) EXPECT_EQ(sample_at(*decoded, x, 0, 0), expected[x]) << x;
  }
}

// Sign, exponent, mantissa: 1.0, 0.5, a subnormal, infinity, not a number, -1.
TEST(TiffFormats, HalfAndTwentyFourBitNumbers) {
  const std::pair<int, std::vector<std::uint64_t>> cases[] = {
      {16, {0x3c00, 0x3800, 0x0001, 0x7c00, 0x7e00, 0xbc00, 0x7bff}},
      {24, {0x3f0000, 0x3e0000, 0x000001, 0x7f0000, 0x7f8000, 0xbf0000, 0x7effff}}};
  const int expected[] = {255, 128, 0, 255, 0, 0, 255};
  for (const auto& [bits, numbers] : cases) {
    TiffSpec spec{.width = 7, .height = 1, .bits = bits, .samples = 1};
    spec.photometric = PHOTOMETRIC_MINISBLACK;
    spec.format = SAMPLEFORMAT_IEEEFP;
    const auto decoded = decode(write_tiff_numbers(
        spec, [&](std::uint32_t x, std::uint32_t, std::size_t) { return numbers[x]; }));
    ASSERT_TRUE(decoded.ok());
    for (std::uint32_t x = 0; x < 7; ++x) {
      EXPECT_EQ(sample_at(*decoded, x, 0, 0), expected[x]) << bits << " " << x;
    }
  }
}

TEST(TiffFormats, ByteOrdersAndBigTiff) {
  for (const char* mode : {"wl", "wb", "wl8", "wb8"}) {
    for (const int bits : {1, 8, 12, 16, 24, 32, 64}) {
      for (const Place place : kPlaces) {
        SCOPED_TRACE(testing::Message() << mode << " " << bits << " " << static_cast<int>(place));
        TiffSpec spec{.bits = bits};
        spec.mode = mode;
        expect_slopes(placed(spec, place));
      }
    }
    SCOPED_TRACE(mode);
    TiffSpec real{.bits = 32, .format = SAMPLEFORMAT_IEEEFP};
    real.mode = mode;
    expect_slopes(real);
  }
}

TEST(TiffFormats, Compressions) {
  for (const std::uint16_t compression :
       {COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE,
        COMPRESSION_ZSTD, COMPRESSION_LZMA, COMPRESSION_WEBP, COMPRESSION_LERC}) {
    if (TIFFIsCODECConfigured(compression) == 0) continue;
    for (const Place place : kPlaces) {
      for (const int bits : {8, 16}) {
        TiffSpec spec{.bits = bits, .compression = compression};
        const bool separate = place == Place::separate_strips || place == Place::separate_tiles;
        if (compression == COMPRESSION_WEBP && (bits != 8 || separate)) continue;
        SCOPED_TRACE(testing::Message() << compression << " " << static_cast<int>(place));
        expect_slopes(placed(spec, place));
      }
    }
  }
}

TEST(TiffFormats, Predictors) {
  for (const std::uint16_t compression : {COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
    for (const Place place : kPlaces) {
      for (const char* mode : {"wl", "wb"}) {
        for (const int bits : {8, 16, 32, 64}) {
          SCOPED_TRACE(testing::Message() << bits << " " << static_cast<int>(place) << mode);
          TiffSpec spec{.bits = bits, .compression = compression, .predictor = 2};
          spec.mode = mode;
          expect_slopes(placed(spec, place));
        }
        // libtiff 4.5 swaps these before it takes differences, so that nobody can read them.
        if (mode[1] == 'b') continue;
        for (const int bits : {16, 24, 32, 64}) {
          SCOPED_TRACE(testing::Message() << "real " << bits << static_cast<int>(place) << mode);
          TiffSpec spec{.bits = bits, .format = SAMPLEFORMAT_IEEEFP, .compression = compression};
          spec.predictor = 3;
          spec.mode = mode;
          expect_slopes(placed(spec, place));
        }
      }
    }
  }
}

TEST(TiffFormats, FaxAndBilevel) {
  for (const std::uint16_t compression :
       {COMPRESSION_NONE, COMPRESSION_CCITTRLE, COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4,
        COMPRESSION_PACKBITS, COMPRESSION_LZW, COMPRESSION_JBIG}) {
    if (TIFFIsCODECConfigured(compression) == 0) continue;
    for (const std::uint16_t fill : {FILLORDER_MSB2LSB, FILLORDER_LSB2MSB}) {
      for (const std::uint16_t photometric : {PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_MINISBLACK}) {
        SCOPED_TRACE(testing::Message() << compression << " " << fill << " " << photometric);
        TiffSpec spec{.bits = 1, .samples = 1, .photometric = photometric};
        spec.compression = compression;
        spec.fill_order = fill;
        if (compression == COMPRESSION_JBIG) spec.rows_per_strip = spec.height;
        const auto decoded = decode(slopes_file(spec));
        ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
        const bool white_is_zero = photometric == PHOTOMETRIC_MINISWHITE;
        for (std::uint32_t x = 0; x < spec.width; ++x) {
          const bool one = slopes(spec, x, 3, 0) >= 0.5;
          ASSERT_EQ(sample_at(*decoded, x, 3, 0), one == white_is_zero ? 0 : 255) << x;
        }
      }
    }
  }
}

TEST(TiffFormats, JpegInTiff) {
  for (const Place place : {Place::strips, Place::tiles}) {
    for (const std::uint16_t photometric : {PHOTOMETRIC_RGB, PHOTOMETRIC_YCBCR}) {
      for (const std::uint16_t chroma : {1, 2}) {
        SCOPED_TRACE(testing::Message() << photometric << " " << chroma);
        TiffSpec spec{.width = 80, .height = 64, .photometric = photometric};
        spec.compression = COMPRESSION_JPEG;
        spec.rows_per_strip = 16;
        if (photometric == PHOTOMETRIC_YCBCR) spec.subsampling = {chroma, chroma};
        expect_slopes(placed(spec, place), 6);
      }
    }
  }
  TiffSpec grey{.width = 80, .height = 64, .samples = 1, .photometric = PHOTOMETRIC_MINISBLACK};
  grey.compression = COMPRESSION_JPEG;
  grey.rows_per_strip = 16;
  expect_slopes(grey, 6);
}

TEST(TiffFormats, OneStripOfManyRows) {
  for (const std::uint16_t compression : {COMPRESSION_NONE, COMPRESSION_ADOBE_DEFLATE}) {
    TiffSpec spec{.width = 1500, .height = 1100, .compression = compression};
    spec.rows_per_strip = spec.height;
    expect_slopes(spec);
  }
}

TEST(TiffFormats, IsReducedWhileItIsRead) {
  const TiffSpec spec{.width = 800, .height = 600};
  const std::string file = slopes_file(spec);
  const auto decoded = decode_tiff(file, request_for(file, 100));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->size, (SizePx{800, 600}));
  const planar::Plane& plane = decoded->picture.planes.at(0);
  EXPECT_EQ(plane.width, 200u);
  EXPECT_EQ(plane.height, 150u);
  for (std::uint32_t x = 2; x < 198; ++x) {
    EXPECT_NEAR(plane.row(70)[x], (x * 4 + 1.5) / 799 * 255, 1);
  }
}

TEST(TiffFormats, Orientations) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    TiffSpec spec{.orientation = orientation};
    const auto decoded = decode(slopes_file(spec));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->picture.orientation, orientation);
    const SizePx turned{spec.height, spec.width};
    EXPECT_EQ(decoded->size, orientation < 5 ? (SizePx{spec.width, spec.height}) : turned);
    EXPECT_EQ(sample_at(*decoded, 36, 3, 0), 255);  // as stored
  }
  for (const std::uint32_t nonsense : {0u, 9u, 65535u}) {
    const auto decoded =
        decode(with_tag(slopes_file({.orientation = 6}), TIFFTAG_ORIENTATION, nonsense));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->picture.orientation, 1);
  }
}

TEST(TiffFormats, TheFirstPageIsShown) {
  TiffSpec spec{.pages = 3};
  expect_slopes(spec);
}

}  // namespace
}  // namespace thumbmill::tiff
