#include "image/psd/psd_kernel.h"

#include <bit>
#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

#include "decoded_pixels.h"
#include "image/psd/channel_rows.h"

namespace thumbmill::psd {
namespace {

using namespace std::string_literals;

std::string be(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string bytes_of(std::initializer_list<unsigned> values) {
  std::string text;
  for (const unsigned value : values) text.push_back(static_cast<char>(value));
  return text;
}

enum : unsigned {
  kBitmap = 0,
  kGrey = 1,
  kIndexed = 2,
  kRgb = 3,
  kCmyk = 4,
  kMany = 7,
  kDuotone = 8,
  kLab = 9
};

struct PsdFile {
  unsigned version = 1;
  unsigned channels = 3;
  unsigned width = 2;
  unsigned height = 1;
  unsigned depth = 8;
  unsigned mode = kRgb;
  std::string palette = {};
  std::string resources = {};
  std::string layers = {};  // the section, without its length
  unsigned compression = 0;
};

std::string psd_file(const PsdFile& file, const std::string& data) {
  const std::size_t large = file.version == 2 ? 8 : 4;
  return "8BPS" + be(file.version, 2) + be(0, 6) + be(file.channels, 2) + be(file.height, 4) +
         be(file.width, 4) + be(file.depth, 2) + be(file.mode, 2) + be(file.palette.size(), 4) +
         file.palette + be(file.resources.size(), 4) + file.resources +
         be(file.layers.size(), large) + file.layers + be(file.compression, 2) + data;
}

std::string resource(unsigned id, const std::string& data, const std::string& name = "") {
  std::string named = static_cast<char>(name.size()) + name;
  if (named.size() % 2 == 1) named += '\0';
  return "8BIM" + be(id, 2) + named + be(data.size(), 4) + data +
         std::string(data.size() % 2, '\0');
}

// Layer info that begins with a count of layers.
std::string layer_info(int count, std::size_t length_bytes = 4) {
  return be(2, length_bytes) + be(static_cast<std::uint16_t>(count), 2);
}

std::vector<Rgba> pixels(const std::string& file) { return decode_whole(decode_psd, file).pixels; }

TEST(Psd, ReadsEveryMode) {
  EXPECT_EQ(pixels(psd_file({}, "adbecf")),
            (std::vector<Rgba>{{97, 98, 99, 255}, {100, 101, 102, 255}}));
  EXPECT_EQ(pixels(psd_file({.channels = 1, .mode = kGrey}, "ab")),
            (std::vector<Rgba>{{97, 97, 97, 255}, {98, 98, 98, 255}}));
  for (const unsigned mode : {kMany, kDuotone}) {
    EXPECT_EQ(pixels(psd_file({.channels = 2, .mode = mode}, "abxy")),
              (std::vector<Rgba>{{97, 97, 97, 255}, {98, 98, 98, 255}}));
  }
  EXPECT_EQ(pixels(psd_file({.channels = 1, .depth = 1, .mode = kBitmap}, "\x40")),
            (std::vector<Rgba>{{255, 255, 255, 255}, {0, 0, 0, 255}}));
}

TEST(Psd, ReadsIndices) {
  std::string palette(768, '\0');
  palette[5] = '\1';
  palette[256 + 5] = '\2';
  palette[512 + 5] = '\3';
  PsdFile file{.channels = 1, .mode = kIndexed, .palette = palette};
  EXPECT_EQ(pixels(psd_file(file, "\5\0"s)), (std::vector<Rgba>{{1, 2, 3, 255}, {0, 0, 0, 255}}));
  file.resources = resource(1047, be(5, 2));
  EXPECT_EQ(pixels(psd_file(file, "\5\0"s)), (std::vector<Rgba>{{0, 0, 0, 0}, {0, 0, 0, 255}}));
  file.palette = "";
  EXPECT_EQ(pixels(psd_file(file, "\6\0"s)), (std::vector<Rgba>{{0, 0, 0, 255}, {0, 0, 0, 255}}));
}

TEST(Psd, ReadsDeepSamples) {
  EXPECT_EQ(pixels(psd_file({.channels = 1, .depth = 16, .mode = kGrey},
                            bytes_of({0x80, 0x80, 0xff, 0xff}))),
            (std::vector<Rgba>{{128, 128, 128, 255}, {255, 255, 255, 255}}));
  const auto floating = [](float value) { return be(std::bit_cast<std::uint32_t>(value), 4); };
  // Linear light: a fifth of it looks like the middle.
  EXPECT_EQ(pixels(psd_file({.channels = 1, .width = 4, .depth = 32, .mode = kGrey},
                            floating(0.2158605f) + floating(7) + floating(-1) + be(0x7fc00000, 4))),
            (std::vector<Rgba>{
                {128, 128, 128, 255}, {255, 255, 255, 255}, {0, 0, 0, 255}, {0, 0, 0, 255}}));
}

TEST(Psd, HandsInksOn) {
  ThumbnailRequest request;
  request.renditions = {RenditionSpec()};
  const auto decoded = decode_psd(
      psd_file({.channels = 4, .mode = kCmyk}, bytes_of({0, 255, 255, 55, 255, 255, 255, 155})),
      request);
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  EXPECT_EQ(decoded->picture.model, planar::ColorModel::cmyk);
  ASSERT_EQ(decoded->picture.planes.size(), 4u);
  EXPECT_EQ(decoded->picture.planes[0].samples, (std::vector<std::uint8_t>{255, 0}));
  EXPECT_EQ(decoded->picture.planes[1].samples, (std::vector<std::uint8_t>{0, 200}));
  EXPECT_EQ(decoded->picture.planes[3].samples, (std::vector<std::uint8_t>{0, 100}));
  const auto deep = decode_psd(
      psd_file({.channels = 4, .width = 1, .depth = 16, .mode = kCmyk}, be(0, 2) + be(65535, 6)),
      request);
  ASSERT_TRUE(deep.ok());
  EXPECT_EQ(deep->picture.planes[0].samples, (std::vector<std::uint8_t>{255}));
  EXPECT_EQ(deep->picture.planes[3].samples, (std::vector<std::uint8_t>{0}));
}

TEST(Psd, ConvertsLab) {
  const auto colors = pixels(
      psd_file({.width = 3, .mode = kLab}, bytes_of({255, 0, 138, 128, 128, 209, 128, 128, 195})));
  ASSERT_EQ(colors.size(), 3u);
  EXPECT_EQ(colors[0], (Rgba{255, 255, 255, 255}));
  EXPECT_EQ(colors[1], (Rgba{0, 0, 0, 255}));
  // sRGB's red is about L 54.3, a 80.8, b 69.9 under D50.
  EXPECT_NEAR(colors[2][0], 255, 3);
  EXPECT_NEAR(colors[2][1], 0, 14);
  EXPECT_NEAR(colors[2][2], 0, 14);
  const auto deep = pixels(psd_file({.width = 1, .depth = 16, .mode = kLab},
                                    be(65535, 2) + be(32896, 2) + be(32896, 2)));
  EXPECT_EQ(deep[0], (Rgba{255, 255, 255, 255}));
}

TEST(Psd, AFourthChannelIsAlphaOnlyWhereTheLayersSaySo) {
  // Half transparent black over white, and nothing.
  const std::string data = bytes_of({127, 255, 127, 255, 127, 255, 128, 0});
  PsdFile file{.channels = 4};
  const std::vector<Rgba> opaque{{127, 127, 127, 255}, {255, 255, 255, 255}};
  const std::vector<Rgba> clear{{0, 0, 0, 128}, {0, 0, 0, 0}};
  EXPECT_EQ(pixels(psd_file(file, data)), opaque);
  file.layers = layer_info(1);
  EXPECT_EQ(pixels(psd_file(file, data)), opaque);
  file.layers = layer_info(-1);
  EXPECT_EQ(pixels(psd_file(file, data)), clear);
  for (const char* const key : {"Mtrn", "Mt16", "Mt32"}) {
    file.layers = be(0, 4) + be(0, 4) + "8BIMxxxx"s + be(2, 4) + "ab" + "8BIM"s + key + be(0, 4);
    EXPECT_EQ(pixels(psd_file(file, data)), clear) << key;
  }
  file.layers = be(0, 4) + be(0, 4) + "8BIMLr16"s + be(2, 4) + be(0xffff, 2);
  EXPECT_EQ(pixels(psd_file(file, data)), clear);
  file.version = 2;
  file.layers = layer_info(-2, 8);
  EXPECT_EQ(pixels(psd_file(file, data)), clear);
  file.layers = be(0, 8) + be(0, 4) + "8B64Lr16"s + be(2, 8) + be(0xffff, 2);
  EXPECT_EQ(pixels(psd_file(file, data)), clear);
}

TEST(Psd, UnpacksRows) {
  const auto unpacked = [](const std::string& packed, std::size_t size) {
    std::string out(size, 'x');
    unpack_bits(packed, reinterpret_cast<std::uint8_t*>(out.data()), size);
    return out;
  };
  EXPECT_EQ(unpacked("\2abc\xfe"
                     "d\x80\0e"s,
                     7),
            "abcddde");
  EXPECT_EQ(unpacked("\2abc", 2), "ab");
  EXPECT_EQ(unpacked("\x81"
                     "a",
                     3),
            "aaa");
  EXPECT_EQ(unpacked("\5ab", 4), "ab\0\0"s);
  EXPECT_EQ(unpacked("\xff", 2), "\0\0"s);
  const std::string rows =
      "\xff"
      "a"
      "\1bc"
      "\0d\0e"s;  // of 2, 3 and 4 bytes
  EXPECT_EQ(pixels(psd_file({.compression = 1}, be(2, 2) + be(3, 2) + be(4, 2) + rows)),
            (std::vector<Rgba>{{97, 98, 100, 255}, {97, 99, 101, 255}}));
  EXPECT_EQ(
      pixels(psd_file({.version = 2, .compression = 1}, be(2, 4) + be(3, 4) + be(4, 4) + rows)),
      (std::vector<Rgba>{{97, 98, 100, 255}, {97, 99, 101, 255}}));
}

TEST(Psd, HandsTheProfileOn) {
  ThumbnailRequest request;
  request.renditions = {RenditionSpec()};
  PsdFile file{.resources = resource(1000, "abc", "name") + resource(1039, "profile")};
  EXPECT_EQ(decode_psd(psd_file(file, "adbecf"), request)->profile, "profile");
  file.mode = kLab;
  EXPECT_EQ(decode_psd(psd_file(file, "adbecf"), request)->profile, "");
}

TEST(Psd, ShowsTheRowsThatAllChannelsHave) {
  const std::string whole =
      psd_file({.channels = 1, .width = 1, .height = 3, .mode = kGrey}, "abc");
  EXPECT_EQ(pixels(whole.substr(0, whole.size() - 1)),
            (std::vector<Rgba>{{97, 97, 97, 255}, {98, 98, 98, 255}, {0, 0, 0, 0}}));
  EXPECT_EQ(decode_code(decode_psd, psd_file({.width = 1, .height = 3}, "abcdef")),
            Code::corrupt_input);
  EXPECT_EQ(pixels(psd_file({.width = 1, .height = 2}, "abcde")),
            (std::vector<Rgba>{{97, 99, 101, 255}, {0, 0, 0, 0}}));
}

TEST(Psd, RefusesWhatItDoesNotRead) {
  const auto code = [](const PsdFile& file) {
    return decode_code(decode_psd, psd_file(file, std::string(99, 'x')));
  };
  EXPECT_EQ(code({.mode = 5}), Code::unsupported);
  EXPECT_EQ(code({.depth = 1}), Code::unsupported);
  EXPECT_EQ(code({.depth = 32, .mode = kLab}), Code::unsupported);
  EXPECT_EQ(code({.compression = 2}), Code::unsupported);
  EXPECT_EQ(code({.compression = 3}), Code::unsupported);
  EXPECT_EQ(code({.resources = resource(1057, be(1, 4) + '\0')}), Code::unsupported);
  EXPECT_EQ(code({.compression = 4}), Code::corrupt_input);
  EXPECT_EQ(code({.version = 3}), Code::corrupt_input);
  EXPECT_EQ(code({.channels = 2}), Code::corrupt_input);
  EXPECT_EQ(code({.channels = 57}), Code::corrupt_input);
  EXPECT_EQ(code({.width = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.height = 0}), Code::corrupt_input);
  EXPECT_EQ(code({.width = 300000}), Code::too_large);
  EXPECT_EQ(code({.height = 0xffffffff}), Code::too_large);
  EXPECT_EQ(code({.channels = 4, .height = 0xffffffff, .mode = kCmyk}), Code::too_large);
}

TEST(Psd, LimitsAndMemoryComeBeforePixels) {
  expect_limits_before_pixels(decode_psd, psd_file({}, "adbecf"));
  expect_limits_before_pixels(decode_psd, psd_file({.channels = 4, .mode = kCmyk}, "adbecfgh"));
}

TEST(Psd, SurvivesDamage) {
  const std::string extras = resource(1039, "profile") + resource(1057, be(1, 4) + '\1');
  for (const std::string& file :
       {psd_file({.channels = 4, .height = 2, .resources = extras, .layers = layer_info(-1)},
                 std::string(16, 'z')),
        psd_file({.version = 2, .resources = extras, .compression = 1}, be(2, 4) + be(3, 4) +
                                                                            be(4, 4) +
                                                                            "\xff"
                                                                            "a"
                                                                            "\1bc"
                                                                            "\0d\0e"s),
        psd_file({.channels = 4, .depth = 16, .mode = kCmyk}, std::string(16, 'z')),
        psd_file({.mode = kLab, .layers = be(0, 4) + be(0, 4) + "8BIMLr16"s + be(2, 4) + "ab"},
                 "adbecf")}) {
    decode_every_prefix(decode_psd, file);
    decode_damaged(decode_psd, file);
  }
}

}  // namespace
}  // namespace thumbmill::psd
