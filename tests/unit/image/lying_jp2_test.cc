// JPEG 2000 files whose headers contradict each other: boxes and codestream, picture and tiles.
#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "bmp/bmp_files.h"
#include "jp2/made_jp2.h"
#include "lying_headers.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;

MadeCodestream grey(std::uint32_t side) {
  MadeCodestream made;
  made.width = made.height = side;
  made.levels = 2;
  made.components.resize(1);
  made.sample = [](std::size_t, std::uint32_t, std::uint32_t) { return 100; };
  return made;
}

// Image header box: height, width, components, depth, compression.
std::string image_header(std::uint32_t side) {
  return jp2_box("ihdr", big_endian(side, 4) + big_endian(side, 4) + big_endian(1, 2) +
                             bytes_of({7, 7, 0, 0}));
}

TEST(LyingHeaders, Jp2ImageHeader) {
  constexpr std::size_t kRightAt = 8, kBottomAt = 12, kTileRightAt = 24, kTileBottomAt = 28;
  const std::string stream = encode(grey(64));
  const std::string large =
      with_number(with_number(stream, kRightAt, 20'000, 4), kBottomAt, 20'000, 4);
  expect_verdict(ImageFormat::jp2, jp2_file(image_header(64) + color_box(17), large),
                 Code::too_large);
  // The other way round, the codestream's size counts, too.
  expect_verdict(ImageFormat::jp2, jp2_file(image_header(2'000'000) + color_box(17), stream),
                 Code::ok);
  const std::string wide =
      with_number(with_number(large, kBottomAt, 3'000, 4), kTileRightAt, ~0u, 4);
  expect_verdict(measure(kernels(), ImageFormat::jp2, with_number(wide, kTileBottomAt, ~0u, 4)),
                 {Code::ok, Code::corrupt_input, Code::too_large});
}

// A tile may have a coding style of its own. Each precinct and each code block takes memory.
std::string with_style_of_tile(std::string file, const std::string& style) {
  const std::size_t sot = file.find("\xff\x90\x00\x0a"s);
  const std::size_t sod = file.find("\xff\x93"s, sot);
  constexpr std::size_t kLengthAt = 6;
  const std::uint64_t length = file.size() - 2 - sot + style.size();
  return with_number(std::move(file), sot + kLengthAt, length, 4).insert(sod, style);
}

// A COD segment, A.6.1. `block`: the logarithms of its sides, less 2.
std::string style_of(unsigned levels, std::array<unsigned, 2> block, const std::string& precincts) {
  return bytes_of({0xff, 0x52, 0, static_cast<unsigned>(12 + precincts.size()), 1, 0, 0, 1, 0,
                   levels, block[0], block[1], 0, 1}) +
         precincts;
}

TEST(LyingHeaders, Jp2TileOfManyPrecincts) {
  const std::string file = encode(grey(500));
  expect_verdict(ImageFormat::jp2, file, Code::ok);
  const auto expect_asked = [&](const std::string& style, std::uint64_t least) {
    const MeasuredRun run = measure(kernels(), ImageFormat::jp2, with_style_of_tile(file, style));
    expect_verdict(run, {Code::ok, Code::corrupt_input, Code::too_large});
    EXPECT_GT(run.asked_bytes, least);
  };
  // Of 2 x 2 samples on each level.
  expect_asked(style_of(2, {4, 4}, "\x11\x11\x11"), 200u << 20);
  // The lowest level may have those of one sample, and be the whole picture.
  expect_asked(style_of(0, {4, 4}, "\0"s), 200u << 20);
  // Wide and low precincts cut narrow and high blocks: 4 x 2 samples are left of 4096.
  expect_asked(style_of(1, {0, 8}, "\x2f\x2f"), 18u << 20);
}

// Of that kind on low levels only, as some encoders have it.
TEST(LyingHeaders, Jp2SmallPrecinctsOfLowLevelsTakeLittle) {
  const std::string style = style_of(5, {4, 4}, "\x33\x33\x44\x55\x66\x77");
  const std::string file = with_style_of_tile(encode(grey(2'000)), style);
  const MeasuredRun run = measure(kernels(), ImageFormat::jp2, file);
  expect_verdict(run, {Code::ok, Code::corrupt_input});
  EXPECT_LT(run.asked_bytes, 40u << 20);
}

// OpenJPEG does not step over what it does not know, but looks for a marker in it.
TEST(LyingHeaders, Jp2HeaderInAnUnknownSegment) {
  std::string file = encode(grey(64));
  const std::size_t style = file.find("\xff\x52"s);
  const std::string hidden = file.substr(style, 2 + static_cast<unsigned char>(file[style + 3]));
  file.insert(style, bytes_of({0xff, 0x30}) + big_endian(2 + hidden.size(), 2) + hidden);
  expect_verdict(ImageFormat::jp2, file, Code::unsupported);
}

}  // namespace
}  // namespace thumbmill
