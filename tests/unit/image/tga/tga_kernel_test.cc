#include "image/tga/tga_kernel.h"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

#include "decoded_pixels.h"

namespace thumbmill::tga {
namespace {

using namespace std::string_literals;

std::string bytes_of(std::initializer_list<unsigned> values) {
  std::string text;
  for (const unsigned value : values) text.push_back(static_cast<char>(value));
  return text;
}

struct TgaHeader {
  unsigned type = 2;
  unsigned width = 2;
  unsigned height = 2;
  unsigned bits = 24;
  unsigned descriptor = 0x20;  // the first pixel is at the left top
  unsigned first_index = 0;
  unsigned palette_entries = 0;
  unsigned palette_bits = 0;
  std::string id = {};
};

std::string tga_file(const TgaHeader& header, const std::string& data) {
  return bytes_of({static_cast<unsigned>(header.id.size()), header.palette_bits > 0 ? 1u : 0u,
                   header.type, header.first_index & 255, header.first_index >> 8,
                   header.palette_entries & 255, header.palette_entries >> 8, header.palette_bits,
                   0, 0, 0, 0, header.width & 255, header.width >> 8, header.height & 255,
                   header.height >> 8, header.bits, header.descriptor}) +
         header.id + data;
}

// An extension area with an attributes type, and the footer.
std::string with_extension(const std::string& file, unsigned attributes_type) {
  std::string area(495, '\0');
  area.back() = static_cast<char>(attributes_type);
  return file + area + bytes_of({static_cast<unsigned>(file.size()), 0, 0, 0, 0, 0, 0, 0}) +
         "TRUEVISION-XFILE.\0"s;
}

const std::vector<std::pair<char, Rgba>> kNames{
    {'0', {0, 0, 0, 255}},   {'1', {255, 255, 255, 255}}, {'2', {255, 0, 0, 255}},
    {'3', {0, 255, 0, 255}}, {'4', {0, 0, 255, 255}},     {'.', {0, 0, 0, 0}}};

std::string draw(const std::string& file) { return decode_whole(decode_tga, file).drawn(kNames); }

Rgba first_pixel(const std::string& file) { return decode_whole(decode_tga, file).at(0, 0); }

const std::string kRed = bytes_of({0, 0, 255});
const std::string kGreen = bytes_of({0, 255, 0});
const std::string kBlue = bytes_of({255, 0, 0});
const std::string kWhite = bytes_of({255, 255, 255});
const std::string kFour = kRed + kWhite + kGreen + kBlue;

TEST(Tga, ReadsColoursOfEveryDepth) {
  EXPECT_EQ(draw(tga_file({}, kFour)), "21/34/");
  EXPECT_EQ(draw(tga_file({.id = "a name"}, kFour)), "21/34/");
  EXPECT_EQ(draw(tga_file({.height = 1, .bits = 16}, bytes_of({0x00, 0x7c, 0xe0, 0x03}))), "23/");
  EXPECT_EQ(draw(tga_file({.height = 1, .bits = 15}, bytes_of({0x1f, 0x00, 0xff, 0x7f}))), "41/");
  EXPECT_EQ(draw(tga_file({.height = 1, .bits = 32}, bytes_of({0, 0, 255, 0, 0, 255, 0, 9}))),
            "23/");  // no attribute bits: no alpha
}

TEST(Tga, ReadsIndices) {
  const std::string palette = kRed + kGreen + kBlue;
  const TgaHeader header{
      .type = 1, .height = 1, .bits = 8, .palette_entries = 3, .palette_bits = 24};
  EXPECT_EQ(draw(tga_file(header, palette + "\0\2"s)), "24/");
  EXPECT_EQ(draw(tga_file(header, palette + "\1\3"s)), "30/");  // no such entry
  TgaHeader shifted = header;
  shifted.first_index = 5;
  EXPECT_EQ(draw(tga_file(shifted, palette + "\5\4"s)), "20/");
  TgaHeader wide = header;
  wide.bits = 16;
  EXPECT_EQ(draw(tga_file(wide, palette + "\1\0\0\1"s)), "30/");
  TgaHeader clear{.type = 1,
                  .height = 1,
                  .bits = 8,
                  .descriptor = 0x28,
                  .palette_entries = 2,
                  .palette_bits = 32};
  EXPECT_EQ(draw(tga_file(clear, kRed + '\xff' + kRed + "\0\0\1"s)), "2./");
}

TEST(Tga, ReadsGreys) {
  EXPECT_EQ(draw(tga_file({.type = 3, .height = 1, .bits = 8}, "\xff\0"s)), "10/");
  EXPECT_EQ(
      draw(tga_file({.type = 3, .height = 1, .bits = 16, .descriptor = 0x28}, "\xff\xff\x80\0"s)),
      "1./");
}

TEST(Tga, ReadsRunLengthsOverRows) {
  EXPECT_EQ(draw(tga_file({.type = 10, .width = 3}, "\x83"s + kRed + "\1"s + kGreen + kBlue)),
            "222/234/");
  EXPECT_EQ(draw(tga_file({.type = 11, .width = 4, .height = 1, .bits = 8}, "\x81\xff\1\0\xff"s)),
            "1101/");
  EXPECT_EQ(
      draw(tga_file(
          {.type = 9, .width = 4, .height = 1, .bits = 8, .palette_entries = 2, .palette_bits = 24},
          kRed + kGreen + "\x82\1\0\0"s)),
      "3332/");
}

TEST(Tga, TheFirstPixelMayBeInAnyCorner) {
  EXPECT_EQ(draw(tga_file({.descriptor = 0x00}, kFour)), "34/21/");
  EXPECT_EQ(draw(tga_file({.descriptor = 0x10}, kFour)), "43/12/");
  EXPECT_EQ(draw(tga_file({.descriptor = 0x30}, kFour)), "12/43/");
}

TEST(Tga, AlphaIsWhatTheFileSaysItIs) {
  const std::string pixels = bytes_of({0, 0, 100, 128, 0, 255, 0, 0});
  const std::string file = tga_file({.height = 1, .bits = 32, .descriptor = 0x28}, pixels);
  const Rgba straight{100, 0, 0, 128};
  const Rgba opaque{100, 0, 0, 255};
  EXPECT_EQ(first_pixel(file), straight);
  EXPECT_EQ(first_pixel(with_extension(file, 3)), straight);
  EXPECT_EQ(first_pixel(with_extension(file, 4)), (Rgba{199, 0, 0, 128}));
  for (const unsigned type : {0u, 1u, 2u})
    EXPECT_EQ(first_pixel(with_extension(file, type)), opaque);
  const std::string none = bytes_of({0, 0, 100, 0, 0, 255, 0, 0});
  EXPECT_EQ(first_pixel(tga_file({.height = 1, .bits = 32, .descriptor = 0x28}, none)), opaque);
  EXPECT_EQ(draw(tga_file({.height = 1, .bits = 16, .descriptor = 0x21},
                          bytes_of({0x00, 0xfc, 0xe0, 0x03}))),
            "2./");
}

TEST(Tga, ShowsTheRowsThatAreThere) {
  EXPECT_EQ(draw(tga_file({}, kFour.substr(0, 11))), "21/../");
  EXPECT_EQ(draw(tga_file({.descriptor = 0}, kFour.substr(0, 11))), "../21/");
  EXPECT_EQ(draw(tga_file({.type = 10}, "\x81"s + kRed)), "22/../");
  EXPECT_EQ(decode_code(decode_tga, tga_file({}, kFour.substr(0, 5))), Code::corrupt_input);
}

TEST(Tga, RefusesWhatItDoesNotRead) {
  const auto code = [](const TgaHeader& header) {
    return decode_code(decode_tga, tga_file(header, std::string(64, 'x')));
  };
  EXPECT_EQ(code({.descriptor = 0x40}), Code::unsupported);
  EXPECT_EQ(code({.width = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.height = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.type = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.type = 32}), Code::corrupt_input);
  EXPECT_EQ(code({.bits = 8}), Code::corrupt_input);
  EXPECT_EQ(code({.type = 1, .bits = 8}), Code::corrupt_input);
  EXPECT_EQ(code({.type = 1, .bits = 8, .palette_entries = 1, .palette_bits = 8}),
            Code::corrupt_input);
  EXPECT_EQ(code({.width = 65535, .height = 65535}), Code::too_large);
}

TEST(Tga, LimitsAndMemoryComeBeforePixels) {
  expect_limits_before_pixels(decode_tga, tga_file({}, kFour));
}

TEST(Tga, SurvivesDamage) {
  for (const std::string& file :
       {with_extension(tga_file({.bits = 32, .descriptor = 0x28}, std::string(16, 'a')), 4),
        tga_file({.type = 10, .width = 3}, "\x83"s + kRed + "\1"s + kGreen + kBlue),
        tga_file({.type = 9, .bits = 16, .palette_entries = 2, .palette_bits = 16},
                 "\1\2\3\4\x81\0\0\1\1\0\0\0"s)}) {
    EXPECT_GT(decode_every_prefix(decode_tga, file), 0u);
    decode_damaged(decode_tga, file);
  }
}

}  // namespace
}  // namespace thumbmill::tga
