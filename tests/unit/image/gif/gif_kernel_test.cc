#include "image/gif/gif_kernel.h"

#include <string>

#include <gtest/gtest.h>

#include "decoded_pixels.h"
#include "gif/gif_files.h"

namespace thumbmill::gif {
namespace {

using namespace std::string_literals;

constexpr Rgba kClear{0, 0, 0, 0};
const std::vector<std::pair<char, Rgba>> kNames{{'0', {0, 0, 0, 255}},
                                                {'1', {255, 255, 255, 255}},
                                                {'2', {255, 0, 0, 255}},
                                                {'3', {0, 255, 0, 255}},
                                                {'4', {0, 0, 255, 255}},
                                                {'5', {255, 255, 0, 255}},
                                                {'.', kClear}};

// The picture with a digit of the palette for each pixel.
std::string draw(const std::string& file) { return decode_whole(decode_gif, file).drawn(kNames); }

TEST(Gif, ShowsTheFirstFrameOnly) {
  EXPECT_EQ(draw(gif_screen(3, 2) + gif_descriptor(0, 0, 3, 2) + gif_pixels("012345") +
                 gif_descriptor(0, 0, 3, 2) + gif_pixels("555555") + ";"),
            "012/345/");
}

TEST(Gif, WhatTheFrameDoesNotCoverIsClear) {
  EXPECT_EQ(draw(gif_screen(4, 4) + gif_descriptor(1, 1, 2, 2) + gif_pixels("1234") + ";"),
            "..../.12./.34./..../");
  EXPECT_EQ(draw(gif_screen(2, 1) + gif_descriptor(1, 1, 2, 2) + gif_pixels("1234") + ";"),
            ".../.12/.34/");
}

TEST(Gif, OneIndexMayBeClear) {
  EXPECT_EQ(draw(gif_screen(3, 1) + gif_clear_index(2) + gif_descriptor(0, 0, 3, 1) +
                 gif_pixels("123") + ";"),
            "1.3/");
}

TEST(Gif, ALocalPaletteCounts) {
  const std::string local("\0\xff\0\xff\0\0", 6);
  EXPECT_EQ(draw(gif_screen(3, 1) + gif_descriptor(0, 0, 3, 1, 0x80) + local + gif_pixels("012")),
            "320/");  // the third has no entry
}

TEST(Gif, WithoutAPaletteAllIsBlack) {
  EXPECT_EQ(draw(gif_screen(3, 1, "") + gif_descriptor(0, 0, 3, 1) + gif_pixels("012")), "000/");
}

TEST(Gif, PutsInterlacedRowsInOrder) {
  // Rows 0 and 8, then 4, then 2 and 6, then the odd ones.
  const std::string file =
      gif_screen(1, 9) + gif_descriptor(0, 0, 1, 9, 0x40) + gif_pixels("012345012");
  EXPECT_EQ(draw(file), "0/5/3/0/2/1/4/2/1/");
}

TEST(Gif, ShowsTheRowsThatAreThere) {
  const std::string file = gif_screen(2, 4) + gif_descriptor(0, 0, 2, 4);
  EXPECT_EQ(draw(file + gif_pixels("12345")), "12/34/../../");
  EXPECT_EQ(draw(file + gif_pixels("1234512345")), "12/34/51/23/");
  EXPECT_EQ(decode_code(decode_gif, file + gif_pixels("1")), Code::corrupt_input);
  EXPECT_EQ(decode_code(decode_gif, file + gif_pixels("")), Code::corrupt_input);
}

TEST(Gif, RowsThatAnInterlacedFrameLacksAreLikeThoseAbove) {
  const std::string file = gif_screen(1, 9) + gif_descriptor(0, 0, 1, 9, 0x40);
  EXPECT_EQ(draw(file + gif_pixels("12345")), "1/1/4/4/3/3/5/5/2/");
  EXPECT_EQ(draw(file + gif_pixels("1")), "1/1/1/1/1/1/1/1/./");
}

TEST(Gif, ReadsCodesOfIndicesThatNoPaletteHas) {
  const std::string file = gif_screen(2, 1) + gif_descriptor(0, 0, 2, 1);
  EXPECT_EQ(draw(file + '\x0b' + gif_codes("\1\2", 11)), "12/");
}

TEST(Gif, LimitsAndMemoryComeBeforePixels) {
  const std::string file = gif_screen(3, 2) + gif_descriptor(0, 0, 3, 2) + gif_pixels("012345");
  expect_limits_before_pixels(decode_gif, file);
  EXPECT_EQ(decode_code(decode_gif, gif_screen(1, 1) + gif_descriptor(0, 0, 65535, 65535) +
                                        gif_pixels("012345")),
            Code::too_large);
}

TEST(Gif, SurvivesDamage) {
  for (const unsigned flags : {0u, 0x40u}) {
    const std::string file = gif_screen(9, 9) + gif_clear_index(3) +
                             gif_descriptor(1, 1, 7, 6, flags) +
                             gif_pixels("012345012345234502323445023232323232332323") + ";";
    EXPECT_GT(decode_every_prefix(decode_gif, file), 5u);
    decode_damaged(decode_gif, file);
  }
}

}  // namespace
}  // namespace thumbmill::gif
