#include "image/bmp/ico_kernel.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bmp/bmp_files.h"
#include "decoded_pixels.h"

namespace thumbmill::bmp {
namespace {

using namespace std::string_literals;

// Stands for the PNG kernel: says what it was given.
std::string given_to_png;
Result<planar::Decoded> fake_png(std::string_view file, const ThumbnailRequest&) {
  given_to_png = file;
  return Status(Code::unsupported, "the PNG kernel was asked");
}

Result<planar::Decoded> decode(std::string_view file, const ThumbnailRequest& request) {
  return decode_ico(file, request, fake_png);
}

const std::vector<std::pair<char, Rgba>> kNames{
    {'0', {0, 0, 0, 255}},   {'1', {255, 255, 255, 255}}, {'2', {255, 0, 0, 255}},
    {'3', {0, 255, 0, 255}}, {'4', {0, 0, 255, 255}},     {'.', {0, 0, 0, 0}}};

std::string draw(const std::string& file) { return decode_whole(decode, file).drawn(kNames); }

// A directory that declares 16 x 16 for all, with the images behind it.
std::string icon(const std::vector<std::string>& images, char kind = 1) {
  std::string directory = "\0\0"s + kind + '\0' + le(images.size(), 2);
  std::size_t at = 6 + 16 * images.size();
  for (const std::string& image : images) {
    directory += bytes_of({16, 16, 0, 0}) + le(1, 2) + le(32, 2) + le(image.size(), 4) + le(at, 4);
    at += image.size();
  }
  for (const std::string& image : images) directory += image;
  return directory;
}

// Two by two pixels of 24 bits and a mask that clears the top right one.
std::string masked_image() {
  return dib_header({.height = 4}) +
         bytes_of({0, 255, 0, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0}) +
         bytes_of({0, 0, 0, 0, 0x40, 0, 0, 0});
}

std::string flat_image(int side, unsigned bits, unsigned alpha = 255) {
  std::string pixels;
  for (int i = 0; i < side * side; ++i) pixels += bytes_of({0, 0, bits, alpha});
  return dib_header({.width = side, .height = 2 * side, .bits = 32}) + pixels;
}

TEST(Ico, TakesTheMaskForAlpha) {
  EXPECT_EQ(draw(icon({masked_image()})), "2./34/");
  EXPECT_EQ(draw(icon({masked_image()}, 2)), "2./34/");  // a cursor
  const std::string image = masked_image();
  EXPECT_EQ(draw(icon({image.substr(0, image.size() - 8)})), "21/34/");  // the mask is missing
}

TEST(Ico, TakesAlphaOfTheColoursWhereThereIsSome) {
  const std::string mask = std::string(8, '\xff');
  const auto half = decode_whole(decode, icon({flat_image(2, 255, 128) + mask}));
  EXPECT_EQ(half.at(1, 1), (Rgba{255, 0, 0, 128}));
  // No alpha at all: the mask counts.
  EXPECT_EQ(draw(icon({flat_image(2, 255, 0) + bytes_of({0x80, 0, 0, 0, 0, 0, 0, 0})})), "22/.2/");
}

TEST(Ico, TakesTheLargestImageThenTheDeepest) {
  EXPECT_EQ(decode_whole(decode, icon({flat_image(2, 1), flat_image(3, 2), masked_image()})).size,
            (SizePx{3, 3}));
  // One of 24 bits and one of 32, of the same size.
  EXPECT_EQ(decode_whole(decode, icon({masked_image(), flat_image(2, 7)})).at(0, 0),
            (Rgba{7, 0, 0, 255}));
}

TEST(Ico, HandsAPngOn) {
  const std::string png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0"s + "\x08\x06\0\0\0rest"s;
  given_to_png.clear();
  EXPECT_EQ(decode_code(decode, icon({masked_image(), png})), Code::unsupported);
  EXPECT_EQ(given_to_png, png);
  given_to_png.clear();
  EXPECT_EQ(draw(icon({masked_image(), png.substr(0, 20)})), "2./34/");  // no size: the worst
  EXPECT_EQ(given_to_png, "");
}

TEST(Ico, PassesOverImagesThatAreNotThere) {
  std::string file = icon({flat_image(3, 1), masked_image()});
  file.replace(6 + 12, 4, le(0x7fffffff, 4));
  EXPECT_EQ(draw(file), "2./34/");
  file.replace(22 + 12, 4, le(0x7fffffff, 4));
  EXPECT_EQ(decode_code(decode, file), Code::corrupt_input);
}

TEST(Ico, RefusesWhatIsNoIcon) {
  for (const std::string& file :
       {""s, "\0\0\1\0"s, "\0\0\1\0\1\0"s, "\0\0\3\0\1\0"s + icon({masked_image()}).substr(6),
        "\0\0\1\0\xff\xff"s + std::string(500, '\0'), icon({}), icon({"x"})}) {
    EXPECT_EQ(decode_code(decode, file), Code::corrupt_input) << file.size();
  }
  const std::string huge = dib_header({.width = 40000, .height = 80000, .bits = 1});
  EXPECT_EQ(decode_code(decode, icon({huge})), Code::too_large);
  const std::string jpeg = dib_header({.height = 4, .compression = 4});
  EXPECT_EQ(decode_code(decode, icon({jpeg})), Code::corrupt_input);  // as if it were not there
}

TEST(Ico, LimitsAndMemoryComeBeforePixels) {
  expect_limits_before_pixels(decode, icon({masked_image()}));
}

TEST(Ico, SurvivesDamage) {
  const std::string file = icon({flat_image(2, 9), masked_image()});
  EXPECT_GT(decode_every_prefix(decode, file), 1u);
  decode_damaged(decode, file);
}

}  // namespace
}  // namespace thumbmill::bmp
