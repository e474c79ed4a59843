// Limits, damaged files and hostile ones.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "decoding.h"
#include "image/tiff/pages.h"
#include "tiff_files.h"

namespace thumbmill::tiff {
namespace {

std::string slopes_file(const TiffSpec& spec) {
  return write_tiff(spec, [&](std::uint32_t x, std::uint32_t y, std::size_t sample) {
    return slopes(spec, x, y, sample);
  });
}

Status with_limits(const std::string& file, const ImageLimits& limits) {
  ThumbnailRequest request = request_for(file);
  request.limits = limits;
  request.admit = [](std::uint64_t) -> Status {
    ADD_FAILURE() << "memory was asked for";
    return Status();
  };
  return decode_tiff(file, request).status();
}

bool is_permanent(Code code) {
  return code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
         code == Code::too_large;
}

TEST(TiffLimits, NameThemselves) {
  const std::string file = slopes_file({});
  ImageLimits limits;
  limits.max_side_px = 36;
  EXPECT_NE(with_limits(file, limits).message().find("max-side"), std::string::npos);
  limits = {};
  limits.max_pixels = 37 * 29 - 1;
  EXPECT_EQ(with_limits(file, limits).message(),
            "the image has 1073 pixels (37 x 29); max-pixels is 1072");
  limits = {};
  limits.max_pages = 2;
  EXPECT_EQ(with_limits(slopes_file({.pages = 3}), limits).message(),
            "the image has 3 pages; max-pages is 2");
  limits = {};
  limits.max_memory_bytes = 10'000;
  EXPECT_EQ(with_limits(file, limits).code(), Code::too_large);
}

TEST(TiffLimits, CountSamplesToo) {
  TiffSpec spec{.width = 100, .height = 100, .samples = 40};
  ImageLimits limits;
  limits.max_pixels = 100 * 100;
  EXPECT_EQ(with_limits(slopes_file(spec), limits).code(), Code::too_large);
  spec.separate = true;  // the same, but only three planes are read
  EXPECT_TRUE(decode_tiff(slopes_file(spec), request_for(slopes_file(spec))).ok());
}

TEST(TiffLimits, MemoryIsAskedForBeforePixels) {
  const std::string file = slopes_file({});
  ThumbnailRequest request = request_for(file);
  int asked = 0;
  request.admit = [&](std::uint64_t bytes) {
    ++asked;
    EXPECT_GT(bytes, 37u * 29 * 3);
    return Status(Code::exhausted, "no memory now");
  };
  EXPECT_EQ(decode_tiff(file, request).status().code(), Code::exhausted);
  EXPECT_EQ(asked, 1);
}

// A tile larger than the picture costs what it is large.
TEST(TiffLimits, LargeSegmentsCount) {
  TiffSpec spec{.tile_width = 4096, .tile_height = 4096};
  spec.compression = COMPRESSION_ADOBE_DEFLATE;
  const std::string file = slopes_file(spec);
  ThumbnailRequest request = request_for(file);
  std::uint64_t asked = 0;
  request.admit = [&](std::uint64_t bytes) {
    asked = bytes;
    return Status();
  };
  EXPECT_TRUE(decode_tiff(file, request).ok());
  EXPECT_GT(asked, 4096u * 4096 * 3);
  ImageLimits limits;
  limits.max_pixels = 1'000'000;
  EXPECT_FALSE(with_limits(file, limits).ok());
}

TEST(TiffPages, AreCounted) {
  for (const char* mode : {"wl", "wb", "wl8", "wb8"}) {
    TiffSpec spec{.pages = 5};
    spec.mode = mode;
    const std::string file = slopes_file(spec);
    EXPECT_EQ(count_pages(file, 100), 5u) << mode;
    EXPECT_EQ(count_pages(file, 3), 3u);
    for (std::size_t size = 0; size < file.size(); size += 7) {
      EXPECT_LE(count_pages(std::string_view(file).substr(0, size), 100), 5u);
    }
  }
  EXPECT_EQ(count_pages("", 1), 0u);
  EXPECT_EQ(count_pages("II*\0\0\0\0\0", 1), 0u);
}

TEST(TiffPages, ALoopEnds) {
  std::string file = slopes_file({});
  const std::string first = file.substr(4, 4);
  std::size_t directory = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    directory |= std::size_t{static_cast<unsigned char>(first[i])} << (8 * i);
  }
  const std::size_t entries = static_cast<unsigned char>(file[directory]);
  file.replace(directory + 2 + 12 * entries, 4, first);
  EXPECT_EQ(count_pages(file, 1000), 1u);
  EXPECT_TRUE(decode(file).ok());
}

TEST(TiffDamage, EveryPrefixEndsInAPictureOrAnError) {
  for (const std::uint16_t compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_JPEG}) {
    TiffSpec spec{.width = 24, .height = 16, .compression = compression, .rows_per_strip = 8};
    const std::string file = slopes_file(spec);
    for (std::size_t size = 0; size < file.size(); ++size) {
      const Code code = decode(file.substr(0, size)).status().code();
      ASSERT_TRUE(is_permanent(code)) << size << " " << code_name(code);
    }
  }
}

// Strips are found by a tag with their offsets: one that leads nowhere is a strip that is lost.
std::string with_lost_segment(std::string file, std::size_t which) {
  const bool tiled = tag_of(file, TIFFTAG_TILEOFFSETS) != 0;
  const std::size_t offsets = tag_of(file, tiled ? TIFFTAG_TILEOFFSETS : TIFFTAG_STRIPOFFSETS);
  for (std::size_t i = 0; i < 4; ++i) file[offsets + which * 4 + i] = '\x7f';
  return file;
}

TEST(TiffDamage, WhatIsLostIsWhite) {
  for (const std::uint16_t compression :
       {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
    TiffSpec spec{.width = 32, .height = 32, .compression = compression, .rows_per_strip = 8};
    const auto decoded = decode(with_lost_segment(slopes_file(spec), 1));
    ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
    for (const std::uint32_t y : {0u, 7u, 16u, 31u}) {
      EXPECT_NEAR(sample_at(*decoded, 10, y, 0), 10 * 255 / 31.0, 1) << y;
    }
    for (const std::uint32_t y : {8u, 15u}) {
      for (const std::size_t plane : {0u, 1u, 2u})
        EXPECT_EQ(sample_at(*decoded, 10, y, plane), 255);
    }
  }
}

TEST(TiffDamage, OrClearWhereThePictureHasAlpha) {
  TiffSpec spec{.width = 32, .height = 32, .samples = 4, .tile_width = 16, .tile_height = 16};
  spec.extra = {EXTRASAMPLE_UNASSALPHA};
  const auto decoded = decode(with_lost_segment(
      write_tiff(spec, [](auto, auto, std::size_t i) { return i == 3 ? 1.0 : 0.5; }), 1));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(sample_at(*decoded, 3, 3, 3), 255);
  EXPECT_EQ(sample_at(*decoded, 20, 3, 3), 0);
  EXPECT_EQ(sample_at(*decoded, 20, 20, 3), 255);
}

TEST(TiffDamage, OrWithoutInk) {
  TiffSpec spec{.width = 32, .height = 32, .samples = 4, .photometric = PHOTOMETRIC_SEPARATED};
  spec.rows_per_strip = 8;
  const auto decoded = decode(with_lost_segment(slopes_file(spec), 1));
  ASSERT_TRUE(decoded.ok());
  for (std::size_t plane = 0; plane < 4; ++plane) EXPECT_EQ(sample_at(*decoded, 20, 9, plane), 0);
}

TEST(TiffDamage, NothingLeftIsNoPicture) {
  TiffSpec spec{.width = 32, .height = 32, .compression = COMPRESSION_LZW, .rows_per_strip = 16};
  std::string file = slopes_file(spec);
  file = with_lost_segment(with_lost_segment(file, 0), 1);
  EXPECT_EQ(decode(file).status().code(), Code::corrupt_input);
}

TEST(TiffDamage, RowsBeforeTheDamageAreShown) {
  for (const std::uint16_t compression : {COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
    TiffSpec spec{.width = 200, .height = 200, .compression = compression};
    spec.rows_per_strip = spec.height;
    std::string file = slopes_file(spec);
    const std::size_t begin = tag_of(file, TIFFTAG_STRIPOFFSETS);
    const std::size_t count = tag_of(file, TIFFTAG_STRIPBYTECOUNTS);
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(begin + count / 2), count / 2, '\xff');
    const auto decoded = decode(file);
    ASSERT_TRUE(decoded.ok()) << compression << decoded.status().to_string();
    for (std::uint32_t x = 0; x < spec.width; ++x) {
      ASSERT_NEAR(sample_at(*decoded, x, 40, 0), x * 255 / 199.0, 1);
    }
  }
}

TEST(TiffDamage, RandomChangesEndInAPictureOrAnError) {
  std::mt19937 random(5);
  std::vector<TiffSpec> specs;
  for (const std::uint16_t compression :
       {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE,
        COMPRESSION_JPEG, COMPRESSION_ZSTD, COMPRESSION_LZMA, COMPRESSION_LERC}) {
    if (TIFFIsCODECConfigured(compression) == 0) continue;
    specs.push_back({.compression = compression, .rows_per_strip = 8});
    specs.push_back({.compression = compression, .tile_width = 16, .tile_height = 16});
  }
  specs.push_back({.bits = 1,
                   .samples = 1,
                   .photometric = PHOTOMETRIC_MINISWHITE,
                   .compression = COMPRESSION_CCITTFAX4});
  specs.push_back({.photometric = PHOTOMETRIC_YCBCR, .rows_per_strip = 8, .subsampling = {2, 2}});
  specs.push_back({.bits = 16, .samples = 5, .separate = true});
  for (const TiffSpec& spec : specs) {
    const std::string whole = slopes_file(spec);
    for (int i = 0; i < 200; ++i) {
      std::string file = whole;
      // Half of them where the tags are, which libtiff writes last.
      const std::size_t from =
          i % 2 == 0 ? 0 : file.size() - std::min<std::size_t>(file.size(), 300);
      for (int k = 0; k < 3; ++k) {
        file[from + random() % (file.size() - from)] = static_cast<char>(random());
      }
      ImageLimits limits;
      limits.max_pixels = 1'000'000;
      ThumbnailRequest request = request_for(file);
      request.limits = limits;
      const Code code = decode_tiff(file, request).status().code();
      ASSERT_TRUE(is_permanent(code)) << code_name(code);
    }
  }
}

TEST(TiffHostile, SegmentsThatAllAreTheWholeFile) {
  TiffSpec spec{.width = 16, .height = 2000, .compression = COMPRESSION_LZW, .rows_per_strip = 1};
  std::string file = slopes_file(spec);
  const std::size_t offsets = tag_of(file, TIFFTAG_STRIPOFFSETS);
  const std::size_t counts = tag_of(file, TIFFTAG_STRIPBYTECOUNTS);
  ASSERT_LT(file.size(), 1u << 24);
  const bool shorts = counts + 2 * 2000 > file.size() || offsets == 0;
  ASSERT_FALSE(shorts);
  // Byte counts are 16-bit numbers where all are small.
  const auto put = [&](std::size_t at, std::size_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) file[at + i] = static_cast<char>(value >> (8 * i));
  };
  for (std::size_t i = 0; i < 2000; ++i) {
    put(offsets + 4 * i, 8, 4);
    put(counts + 2 * i, 65535, 2);
  }
  EXPECT_EQ(decode(file).status().code(), Code::corrupt_input);
}

TEST(TiffHostile, TagsThatMakeNoSense) {
  const std::string strips = slopes_file({});
  const std::string tiles = slopes_file({.tile_width = 16, .tile_height = 16});
  TiffSpec ycbcr{.photometric = PHOTOMETRIC_YCBCR, .subsampling = {2, 2}};
  ycbcr.rows_per_strip = 8;
  const std::string subsampled = slopes_file(ycbcr);
  const std::uint32_t values[] = {0,  1,   2,     3,       5,          7,
                                  16, 255, 65535, 0x10001, 0x7fffffff, 0xffffffff};
  for (const std::string* file : {&strips, &tiles, &subsampled}) {
    for (const std::uint16_t tag :
         {TIFFTAG_IMAGEWIDTH, TIFFTAG_IMAGELENGTH, TIFFTAG_BITSPERSAMPLE, TIFFTAG_COMPRESSION,
          TIFFTAG_PHOTOMETRIC, TIFFTAG_ORIENTATION, TIFFTAG_SAMPLESPERPIXEL, TIFFTAG_ROWSPERSTRIP,
          TIFFTAG_STRIPOFFSETS, TIFFTAG_STRIPBYTECOUNTS, TIFFTAG_PLANARCONFIG, TIFFTAG_TILEWIDTH,
          TIFFTAG_TILELENGTH, TIFFTAG_TILEOFFSETS, TIFFTAG_TILEBYTECOUNTS, TIFFTAG_SAMPLEFORMAT,
          TIFFTAG_YCBCRSUBSAMPLING}) {
      if (tag_of(*file, static_cast<std::uint16_t>(tag)) == 0) continue;
      for (const std::uint32_t value : values) {
        const std::string changed = with_tag(*file, static_cast<std::uint16_t>(tag), value);
        EXPECT_TRUE(is_permanent(decode(changed).status().code())) << tag << " " << value;
      }
    }
  }
}

TEST(TiffHostile, NoTiff) {
  for (const std::string& file :
       {std::string(), std::string("II*\0", 4), std::string("MM\0*\0\0\0\x08", 8),
        std::string("II*\0\xff\xff\xff\xff", 8), std::string(1000, '\0'),
        "II*" + std::string(200, '\xff')}) {
    EXPECT_EQ(decode(file).status().code(), Code::corrupt_input);
  }
}

}  // namespace
}  // namespace thumbmill::tiff
