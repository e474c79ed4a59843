#include "image/gif/container.h"

#include <string>

#include <gtest/gtest.h>

#include "gif/gif_files.h"

namespace thumbmill::gif {
namespace {

using namespace std::string_literals;

TEST(GifContainer, FindsTheFrameBehindExtensions) {
  const std::string file = gif_screen(9, 7) + "\x21\xfe\5notes\3yes\0"s + gif_clear_index(3) +
                           "\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0"s + "\x21\x2a\1x\0"s +
                           gif_descriptor(1, 2, 3, 4, 0x40) + gif_pixels("0");
  const auto frame = read_first_frame(file);
  ASSERT_TRUE(frame.ok()) << frame.status().to_string();
  EXPECT_EQ(frame->canvas, (SizePx{9, 7}));
  EXPECT_EQ(frame->left, 1u);
  EXPECT_EQ(frame->top, 2u);
  EXPECT_EQ(frame->size, (SizePx{3, 4}));
  EXPECT_TRUE(frame->interlaced);
  EXPECT_TRUE(frame->has_transparency);
  EXPECT_EQ(frame->literal_bits, 3u);
  EXPECT_EQ(frame->palette[3][3], 0);
  EXPECT_EQ(frame->palette[4], (std::array<std::uint8_t, 4>{0, 0, 255, 255}));
  EXPECT_EQ(frame->palette[200], (std::array<std::uint8_t, 4>{0, 0, 0, 255}));
}

TEST(GifContainer, TheCanvasGrowsToHoldTheFrame) {
  const std::string pixels = gif_pixels("0");
  const auto canvas = [&](const std::string& descriptor) {
    const auto frame = read_first_frame(gif_screen(9, 7) + descriptor + pixels);
    return frame.ok() ? frame->canvas : SizePx();
  };
  EXPECT_EQ(canvas(gif_descriptor(8, 6, 1, 1)), (SizePx{9, 7}));
  EXPECT_EQ(canvas(gif_descriptor(8, 6, 2, 3)), (SizePx{10, 9}));
  EXPECT_EQ(canvas(gif_descriptor(65535, 0, 65535, 1)), (SizePx{131070, 7}));
}

TEST(GifContainer, PassesOverFramesWithoutPixels) {
  const std::string empty = gif_descriptor(0, 0, 0, 5) + gif_pixels("");
  const auto frame = read_first_frame(gif_screen(9, 7) + gif_clear_index(1) + empty +
                                      gif_descriptor(0, 0, 9, 7) + gif_pixels("0"));
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->size, (SizePx{9, 7}));
  EXPECT_FALSE(frame->has_transparency);  // it was the empty frame's
}

TEST(GifContainer, RefusesFilesWithoutAFrame) {
  const std::string screen = gif_screen(9, 7);
  const std::string frame = gif_descriptor(0, 0, 9, 7);
  for (const std::string& file :
       {""s, "GIF89a"s, "GIF88a"s + screen.substr(6) + frame + gif_pixels("0"), screen,
        screen + ";", screen + "," + frame, screen + "\x21\xfe\5note"s, screen + "\x21"s,
        screen + "\0"s + frame + gif_pixels("0"), screen + frame,
        screen + frame + '\0' + gif_codes("\0"s, 1), screen + frame + '\x0c' + "\1\1\0"s,
        screen + ";" + frame + gif_pixels("0")}) {
    EXPECT_EQ(read_first_frame(file).status().code(), Code::corrupt_input) << file.size();
  }
}

}  // namespace
}  // namespace thumbmill::gif
