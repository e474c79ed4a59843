#include "image/bmp/bmp_kernel.h"

#include <string>

#include <gtest/gtest.h>

#include "bmp/bmp_files.h"
#include "decoded_pixels.h"

namespace thumbmill::bmp {
namespace {

using namespace std::string_literals;

const std::vector<std::pair<char, Rgba>> kNames{
    {'0', {0, 0, 0, 255}},   {'1', {255, 255, 255, 255}}, {'2', {255, 0, 0, 255}},
    {'3', {0, 255, 0, 255}}, {'4', {0, 0, 255, 255}},     {'5', {255, 255, 0, 255}},
    {'.', {0, 0, 0, 0}}};

// The picture with a digit of the palette for each pixel.
std::string draw(const std::string& file) { return decode_whole(decode_bmp, file).drawn(kNames); }

// Bottom row green and blue, top row red and white; rows of 8 bytes.
const std::string kRgb24 = bytes_of({0, 255, 0, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0});

TEST(Bmp, ReadsEveryHeader) {
  for (const unsigned bytes : {12u, 16u, 20u, 40u, 42u, 46u, 52u, 56u, 60u, 64u, 108u, 124u, 66u}) {
    EXPECT_EQ(draw(bmp_file({.header_bytes = bytes}, "", kRgb24)), "21/34/") << bytes;
  }
}

TEST(Bmp, RowsMayComeFromTheTop) {
  EXPECT_EQ(draw(bmp_file({.height = -2}, "", kRgb24)), "34/21/");
}

TEST(Bmp, ReadsIndicesOfEveryDepth) {
  const auto one_row = [](unsigned bits, int width, const std::string& row) {
    return draw(bmp_file({.width = width, .height = 1, .bits = bits, .palette_entries = 6},
                         bmp_palette(4, std::min(1u << bits, 6u)), row));
  };
  EXPECT_EQ(one_row(1, 10, "\x55\x40\0\0"s), "0101010101/");
  EXPECT_EQ(one_row(2, 5, "\x1b\x40\0\0"s), "01231/");
  EXPECT_EQ(one_row(4, 5, "\x01\x23\x40\0"s), "01234/");
  EXPECT_EQ(one_row(8, 5, "\0\1\2\3\4\0\0\0"s), "01234/");
}

TEST(Bmp, PalettesMayBeShort) {
  const std::string row("\0\5\2\7", 4);
  EXPECT_EQ(draw(bmp_file({.width = 4, .height = 1, .bits = 8, .palette_entries = 6}, bmp_palette(),
                          row)),
            "0520/");
  // 256 entries are announced; the pixels begin before.
  EXPECT_EQ(draw(bmp_file({.width = 4, .height = 1, .bits = 8}, bmp_palette(), row)), "0520/");
  EXPECT_EQ(draw(bmp_file({.width = 4, .height = 1, .bits = 8, .palette_entries = 100000},
                          bmp_palette(), row)),
            "0520/");
  EXPECT_EQ(
      draw(bmp_file({.header_bytes = 12, .width = 4, .height = 1, .bits = 8}, bmp_palette(3), row)),
      "0520/");
}

TEST(Bmp, ReadsMasks) {
  const BmpHeader small{.width = 2, .height = 1, .bits = 16};
  EXPECT_EQ(draw(bmp_file(small, "", bytes_of({0x00, 0x7c, 0xe0, 0x03}))), "23/");
  BmpHeader masked = small;
  masked.compression = 3;
  masked.masks = le(0xf800, 4) + le(0x07e0, 4) + le(0x001f, 4);
  EXPECT_EQ(draw(bmp_file(masked, "", bytes_of({0x00, 0xf8, 0x1f, 0x00}))), "24/");
  masked.header_bytes = 56;
  EXPECT_EQ(draw(bmp_file(masked, "", bytes_of({0x00, 0xf8, 0x1f, 0x00}))), "24/");
  masked.bits = 32;
  masked.header_bytes = 40;
  masked.masks = le(0x3ff00000, 4) + le(0x000ffc00, 4) + le(0x000003ff, 4);
  const auto wide = decode_whole(
      decode_bmp, bmp_file(masked, "", le(0x3ff00000u | 512u << 10, 4) + le(0x000003ff, 4)));
  EXPECT_EQ(wide.at(0, 0), (Rgba{255, 128, 0, 255}));
  EXPECT_EQ(wide.at(1, 0), (Rgba{0, 0, 255, 255}));
  for (const std::string& masks :
       {le(0xff00ff, 4) + le(0xff00, 4) + le(0, 4), le(0xff, 4) + le(0xff, 4) + le(0xff00, 4)}) {
    masked.masks = masks;
    EXPECT_EQ(decode_code(decode_bmp, bmp_file(masked, "", std::string(8, 'x'))),
              Code::corrupt_input);
  }
}

TEST(Bmp, AlphaCountsWhereTheHeaderNamesIt) {
  const std::string half = bytes_of({0, 0, 255, 128, 0, 255, 0, 255});
  const std::string none = bytes_of({0, 0, 255, 0, 0, 255, 0, 0});
  const std::string masks = le(0xff0000, 4) + le(0xff00, 4) + le(0xff, 4) + le(0xff000000u, 4);
  const auto first = [](const BmpHeader& header, const std::string& pixels) {
    return decode_whole(decode_bmp, bmp_file(header, "", pixels)).at(0, 0);
  };
  const Rgba opaque_red{255, 0, 0, 255};
  BmpHeader header{.width = 2, .height = 1, .bits = 32};
  EXPECT_EQ(first(header, half), opaque_red);  // Windows 3 has no alpha
  header.masks = masks;
  for (const unsigned bytes : {108u, 124u}) {
    header.header_bytes = bytes;
    for (const unsigned compression : {0u, 3u}) {
      header.compression = compression;
      EXPECT_EQ(first(header, half), (Rgba{255, 0, 0, 128}));
      EXPECT_EQ(first(header, none), opaque_red);  // all 0 is none
    }
  }
  header.compression = 3;
  header.header_bytes = 56;
  EXPECT_EQ(first(header, half), (Rgba{255, 0, 0, 128}));
  header.header_bytes = 40;
  header.compression = 6;  // with a fourth mask behind the header
  EXPECT_EQ(first(header, half), (Rgba{255, 0, 0, 128}));
}

TEST(Bmp, ReadsRunLengths) {
  const BmpHeader rle8{.width = 4, .height = 2, .bits = 8, .compression = 1, .palette_entries = 6};
  // A run, an end of row; literals, padded to a word; the end.
  const std::string codes = bytes_of({4, 2, 0, 0, 0, 3, 1, 3, 4, 0, 1, 5, 0, 1});
  EXPECT_EQ(draw(bmp_file(rle8, bmp_palette(), codes)), "1345/2222/");
  const BmpHeader rle4{.width = 5, .height = 2, .bits = 4, .compression = 2, .palette_entries = 6};
  const std::string nibbles = bytes_of({5, 0x12, 0, 0, 0, 5, 0x12, 0x34, 0x50, 0, 0, 1});
  EXPECT_EQ(draw(bmp_file(rle4, bmp_palette(), nibbles)), "12345/12121/");
  const BmpHeader rle24{.header_bytes = 64, .width = 3, .height = 1, .compression = 4};
  const std::string triples = bytes_of({2, 0, 0, 255, 1, 255, 0, 0, 0, 1});
  EXPECT_EQ(draw(bmp_file(rle24, "", triples)), "224/");
}

TEST(Bmp, WhatRunLengthsSkipIsClear) {
  const BmpHeader rle8{.width = 4, .height = 4, .bits = 8, .compression = 1, .palette_entries = 6};
  const auto drawn = [&](std::initializer_list<unsigned> codes) {
    return draw(bmp_file(rle8, bmp_palette(), bytes_of(codes)));
  };
  EXPECT_EQ(drawn({1, 2, 0, 2, 1, 2, 1, 3, 0, 1}), "..../..3./..../2.../");
  EXPECT_EQ(drawn({1, 2, 0, 2, 1, 0, 1, 3, 0, 1}), "..../..../..../2.3./");
  EXPECT_EQ(drawn({9, 2, 0, 0, 1, 3}), "..../..../3.../2222/");  // too long, and cut off
  EXPECT_EQ(drawn({1, 2, 0, 2, 0, 200, 1, 3}), "..../..../..../2.../");
  EXPECT_EQ(decode_code(decode_bmp, bmp_file(rle8, bmp_palette(), bytes_of({0, 1}))),
            Code::corrupt_input);
}

TEST(Bmp, ShowsTheRowsThatAreThere) {
  EXPECT_EQ(draw(bmp_file({}, "", kRgb24.substr(0, 13))), "../34/");
  EXPECT_EQ(draw(bmp_file({}, "", kRgb24.substr(0, 14))), "21/34/");  // only padding is missing
  EXPECT_EQ(decode_code(decode_bmp, bmp_file({}, "", kRgb24.substr(0, 5))), Code::corrupt_input);
}

TEST(Bmp, PixelsFollowTheHeadersWhereTheirPlaceMakesNoSense) {
  std::string file = bmp_file({}, "", kRgb24);
  for (const char offset : {0, 9, 40}) {
    file[10] = offset;
    EXPECT_EQ(draw(file), "21/34/");
  }
  file[13] = '\x7f';
  EXPECT_EQ(decode_code(decode_bmp, file), Code::corrupt_input);
}

TEST(Bmp, HandsAnEmbeddedProfileOn) {
  std::string header = dib_header({.header_bytes = 124});
  header.replace(56, 4, "DEBM");
  header.replace(112, 4, le(124 + kRgb24.size(), 4));
  header.replace(116, 4, le(7, 4));
  const std::string file = "BM" + le(0, 8) + le(14 + 124, 4) + header + kRgb24 + "profile";
  ThumbnailRequest request;
  request.renditions = {RenditionSpec()};
  EXPECT_EQ(decode_bmp(file, request)->profile, "profile");
  EXPECT_EQ(decode_bmp(file.substr(0, file.size() - 1), request)->profile, "");
  std::string srgb = file;
  srgb.replace(14 + 56, 4, "BGRs");
  EXPECT_EQ(decode_bmp(srgb, request)->profile, "");
}

TEST(Bmp, RefusesWhatItDoesNotRead) {
  const auto code = [](const BmpHeader& header) {
    return decode_code(decode_bmp, bmp_file(header, "", std::string(64, 'x')));
  };
  EXPECT_EQ(code({.compression = 4}), Code::unsupported);
  EXPECT_EQ(code({.bits = 0, .compression = 5}), Code::unsupported);
  EXPECT_EQ(code({.header_bytes = 64, .bits = 1, .compression = 3}), Code::unsupported);
  EXPECT_EQ(code({.width = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.width = -2}), Code::corrupt_input);
  EXPECT_EQ(code({.height = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.height = std::numeric_limits<int>::min()}), Code::corrupt_input);
  EXPECT_EQ(code({.bits = 5}), Code::corrupt_input);
  EXPECT_EQ(code({.bits = 24, .compression = 1}), Code::corrupt_input);
  EXPECT_EQ(code({.bits = 24, .compression = 3}), Code::corrupt_input);
  EXPECT_EQ(code({.compression = 99}), Code::corrupt_input);
  EXPECT_EQ(code({.width = 2147483647}), Code::too_large);
  EXPECT_EQ(code({.height = -2147483647}), Code::too_large);
  EXPECT_EQ(decode_code(decode_bmp, "BM"), Code::corrupt_input);
  EXPECT_EQ(decode_code(decode_bmp, "BM" + le(0, 12) + le(15, 4) + std::string(99, 'x')),
            Code::corrupt_input);
  EXPECT_EQ(decode_code(decode_bmp, "BM" + le(0, 12) + le(400, 4) + std::string(99, 'x')),
            Code::corrupt_input);
}

TEST(Bmp, LimitsAndMemoryComeBeforePixels) {
  expect_limits_before_pixels(decode_bmp, bmp_file({}, "", kRgb24));
}

TEST(Bmp, SurvivesDamage) {
  const std::string rle = bytes_of({4, 2, 0, 0, 0, 3, 1, 3, 4, 0, 0, 2, 1, 1, 1, 5, 0, 1});
  for (const std::string& file :
       {bmp_file({}, "", kRgb24),
        bmp_file({.width = 4, .height = 4, .bits = 8, .compression = 1, .palette_entries = 6},
                 bmp_palette(), rle),
        bmp_file({.header_bytes = 64, .width = 4, .height = 4, .compression = 4}, "", rle),
        bmp_file({.header_bytes = 124,
        .width = 2,
        .height = 2,
        .bits = 32,
        .compression = 3,
        .masks = le(0xff0000, 4) + le(0xff00, 4) + le(0xff, 4) + le(0xff000000u, 4)},
                 "", std::string(16, '\x71'))}) {
    EXPECT_GT(decode_every_prefix(decode_bmp, file), 1u);
    decode_damaged(decode_bmp, file);
  }
}

}  // namespace
}  // namespace thumbmill::bmp
