// The HEIF kernel on pictures of every kind: what is shown, which way up, in which colours.
#include "image/heif/heif_kernel.h"

#include <cmath>

#include "image/heif/libheif_decoder.h"
#include "seen.h"

namespace thumbmill::heif {
namespace {

TEST(HeifKernel, ShowsColoursOfEveryFormat) {
  for (const Codec codec : kCodecs) {
    for (const Chroma& chroma : {k420, k422, k444}) {
      for (const int bits : {8, 10, 12}) {
        for (const bool full_range : {false, true}) {
          for (const std::uint16_t matrix : {1, 5, 6, 9}) {
            RawPicture picture = quarters({96, 64}, chroma);
            picture.bits = bits;
            picture.codes = {1, 13, matrix, full_range};
            const CodedItem coded = encode(picture, codec);
            const std::string what = testing::PrintToString(
                std::tuple(codec == Codec::hevc, chroma.divisor_x, bits, full_range, matrix));
            // As the container says, and as the bitstream says where it says nothing.
            const std::string named = one_picture(coded, {{"colr", nclx(picture.codes)}});
            expect_quarters(look_at(named, 96), 3, what);
            expect_quarters(look_at(named, 24), 3, what);
            if (bits == 8) expect_quarters(look_at(one_picture(coded), 24), 3, what);
          }
        }
      }
    }
  }
}

TEST(HeifKernel, ShowsGrey) {
  for (const Codec codec : kCodecs) {
    for (const bool full_range : {false, true}) {
      RawPicture picture = quarters({64, 48}, kGrey);
      picture.codes.full_range = full_range;
      picture.color = [](double x, double) {
        return x < 0.5 ? std::array{0.1, 0.1, 0.1} : std::array{0.9, 0.9, 0.9};
      };
      const Seen seen =
          look_at(one_picture(encode(picture, codec), {{"colr", nclx(picture.codes)}}), 16);
      ASSERT_TRUE(seen.status.ok()) << seen.status.to_string();
      EXPECT_LE(distance(seen.at(0.2, 0.5), {26, 26, 26}), 2);
      EXPECT_LE(distance(seen.at(0.8, 0.5), {230, 230, 230}), 2);
    }
  }
}

TEST(HeifKernel, ShowsRedGreenAndBlueAsTheyAre) {
  for (const bool full_range : {false, true}) {
    RawPicture picture = quarters({64, 48}, k444);
    picture.codes = {1, 13, 0, full_range};
    const std::string file =
        one_picture(encode(picture, Codec::av1), {{"colr", nclx(picture.codes)}});
    expect_quarters(look_at(file, 16), 2, full_range ? "full" : "limited");
    expect_quarters(look_at(file, 64), 2, full_range ? "full" : "limited");
  }
}

// MIAF section 7.3.6.4: a profile says what red, green and blue are; nclx still tells the matrix.
TEST(HeifKernel, NumbersGiveTheMatrixBesideAProfile) {
  RawPicture picture = quarters({64, 48}, k444);
  picture.codes = {9, 16, 9, false};
  const CodedItem coded = encode(picture, Codec::hevc);
  const std::string file = one_picture(
      coded, {{"colr", nclx(picture.codes)}, {"colr", icc("no profile that can be used")}});
  expect_quarters(look_at(file, 16), 3, "profile");
}

TEST(HeifKernel, BringsWideAndBrightColoursToSrgb) {
  RawPicture picture = quarters({64, 48}, k444);
  picture.bits = 10;
  picture.codes = {9, 16, 9, true};
  // Paper white in PQ, 203 candela a square metre (BT.2408): half as bright in sRGB.
  picture.color = [](double, double) { return std::array{0.58, 0.58, 0.58}; };
  const Seen pq =
      look_at(one_picture(encode(picture, Codec::av1), {{"colr", nclx(picture.codes)}}), 16);
  ASSERT_TRUE(pq.status.ok());
  EXPECT_LE(distance(pq.at(0.5, 0.5), {188, 188, 188}), 2);
  picture.codes = {12, 13, 6, true};  // Display P3
  picture.color = [](double, double) { return std::array{0.8, 0.4, 0.4}; };
  const Seen p3 =
      look_at(one_picture(encode(picture, Codec::av1), {{"colr", nclx(picture.codes)}}), 16);
  ASSERT_TRUE(p3.status.ok());
  EXPECT_LE(distance(p3.at(0.5, 0.5), {221, 95, 99}), 3);
}

// irot turns against the clock, and imir 0 exchanges top and bottom, 1 left and right (ISO/IEC
// 23008-12 sections 6.5.10 and 6.5.12).
struct Transform {
  int angle;
  int mirror;  // -1: none
  int exif;    // the orientation that does the same
};
constexpr Transform kTransforms[] = {{0, -1, 1}, {0, 1, 2},  {2, -1, 3}, {0, 0, 4},
                                     {1, 0, 5},  {3, -1, 6}, {3, 0, 7},  {1, -1, 8}};

TEST(HeifKernel, TurnsOnceInAllEightWays) {
  for (const Codec codec : kCodecs) {
    const CodedItem coded = encode(quarters({96, 64}, k444), codec);
    for (const auto& [angle, mirror, exif] : kTransforms) {
      std::vector<std::pair<std::string, std::string>> transforms;
      if (angle != 0) transforms.emplace_back("irot", number(static_cast<unsigned>(angle), 1));
      if (mirror >= 0) transforms.emplace_back("imir", number(static_cast<unsigned>(mirror), 1));
      const std::string file = one_picture(coded, transforms);
      const auto decoded = decode_by_tiles(file, request_for(24));
      ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
      EXPECT_EQ(decoded->picture.orientation, exif);
      EXPECT_EQ(decoded->size, exif < 5 ? (SizePx{96, 64}) : (SizePx{64, 96}));
      // libheif agrees.
      const Seen own = look_at(file, 24), other = look_at(file, 24, decode_by_libheif);
      ASSERT_TRUE(other.status.ok());
      EXPECT_EQ(own.source, other.source);
      for (const double x : {0.25, 0.75}) {
        for (const double y : {0.25, 0.75}) {
          EXPECT_LE(distance(own.at(x, y), other.at(x, y)), 4) << exif;
        }
      }
    }
  }
}

TEST(HeifKernel, TransformsCountInTheOrderOfTheFile) {
  const CodedItem coded = encode(quarters({96, 64}, k444), Codec::hevc);
  const std::pair<std::string, std::string> rotate{"irot", number(1, 1)},
      flip{"imir", number(0, 1)};
  EXPECT_EQ(
      decode_by_tiles(one_picture(coded, {rotate, flip}), request_for(9))->picture.orientation, 5);
  EXPECT_EQ(
      decode_by_tiles(one_picture(coded, {flip, rotate}), request_for(9))->picture.orientation, 7);
}

TEST(HeifKernel, CropsBeforeAndAfterItTurns) {
  const CodedItem coded = encode(quarters({96, 64}, k420), Codec::hevc);
  // The right half, and a quarter of that: green over yellow.
  const std::pair<std::string, std::string> right{"clap", clap(48, 64, 48, 0)};
  const Seen half = look_at(one_picture(coded, {right}), 16);
  ASSERT_TRUE(half.status.ok()) << half.status.to_string();
  EXPECT_EQ(half.source, (SizePx{48, 64}));
  EXPECT_LE(distance(half.at(0.5, 0.2), in_8_bits(four_quarters(0.9, 0.1))), 4);
  EXPECT_LE(distance(half.at(0.5, 0.8), in_8_bits(four_quarters(0.9, 0.9))), 4);
  // Turned against the clock, what was on the right is at the top.
  const Seen turned = look_at(one_picture(coded, {right, {"irot", number(1, 1)}}), 16);
  EXPECT_EQ(turned.source, (SizePx{64, 48}));
  EXPECT_LE(distance(turned.at(0.2, 0.5), in_8_bits(four_quarters(0.9, 0.1))), 4);
  const Seen top =
      look_at(one_picture(coded, {{"irot", number(1, 1)}, {"clap", clap(64, 48, 0, -48)}}), 16);
  EXPECT_EQ(top.source, (SizePx{64, 48}));
  EXPECT_LE(distance(top.at(0.2, 0.5), in_8_bits(four_quarters(0.9, 0.1))), 4);
  EXPECT_LE(distance(top.at(0.8, 0.5), in_8_bits(four_quarters(0.9, 0.9))), 4);
  // From an odd place on, where chroma has no sample of its own.
  const Seen odd = look_at(one_picture(coded, {{"clap", clap(41, 57, 5, 3)}}), 41);
  EXPECT_EQ(odd.source, (SizePx{41, 57}));
  expect_quarters(odd, 4, "odd");
}

TEST(HeifKernel, EveryCropStaysInside) {
  const CodedItem coded = encode(quarters({32, 16}), Codec::hevc);
  constexpr std::int32_t kLargest = 0x7fffffff;
  for (const std::int32_t width : {0, 1, 31, 32, 33, -1, kLargest}) {
    for (const std::int32_t offset : {0, 1, -1, 32, -33, kLargest, -kLargest}) {
      const std::string file = one_picture(coded, {{"clap", clap(width, 16, offset, 0)}});
      const auto decoded = decode_by_tiles(file, request_for(8));
      if (!decoded.ok()) {
        EXPECT_EQ(decoded.status().code(), Code::unsupported);
        continue;
      }
      EXPECT_EQ(decoded->size, (SizePx{static_cast<std::uint32_t>(width), 16}));
    }
  }
}

TEST(HeifKernel, OddSizesAreNotShifted) {
  for (const Codec codec : kCodecs) {
    for (std::uint32_t width = 61; width < 66; ++width) {
      RawPicture picture = quarters({width, 47});
      picture.color = [](double x, double y) { return std::array{x, y, 0.5}; };
      const std::string file = one_picture(encode(picture, codec));
      for (const std::uint32_t side : {width, width / 4}) {
        const Seen seen = look_at(file, side);
        ASSERT_TRUE(seen.status.ok()) << seen.status.to_string();
        EXPECT_EQ(seen.source, (SizePx{width, 47}));
        const planar::Pixels& pixels = seen.pixels;
        const double x = (std::floor(0.6 * pixels.size.width) + 0.5) / pixels.size.width;
        const double y = (std::floor(0.4 * pixels.size.height) + 0.5) / pixels.size.height;
        EXPECT_LE(distance(seen.at(0.6, 0.4), in_8_bits({x, y, 0.5})), 4) << width << " " << side;
      }
    }
  }
}

TEST(HeifKernel, PutsTilesTogether) {
  for (const Codec codec : kCodecs) {
    const std::string file = tiled({codec, {64, 64}, 3, 2, {150, 101}});
    for (const std::uint32_t side : {150u, 60u, 20u}) {
      const Seen seen = look_at(file, side);
      EXPECT_EQ(seen.source, (SizePx{150, 101}));
      expect_quarters(seen, 4, "tiles");
    }
    const Seen column = look_at(tiled({codec, {64, 64}, 1, 3, {64, 130}}), 30);
    expect_quarters(column, 4, "column");
  }
}

// The same picture in tiles and as a whole, reduced.
TEST(HeifKernel, TilesLeaveNoSeams) {
  const auto color = [](double x, double y) { return std::array{x, y, (x + y) / 2}; };
  RawPicture whole = quarters({192, 128});
  whole.color = color;
  const std::string in_tiles = tiled({Codec::hevc, {64, 64}, 3, 2, {192, 128}, color});
  for (const std::uint32_t side : {27u, 32u, 64u, 192u}) {
    const Seen a = look_at(in_tiles, side);
    const Seen b = look_at(one_picture(encode(whole, Codec::hevc)), side);
    ASSERT_TRUE(a.status.ok() && b.status.ok());
    ASSERT_EQ(a.pixels.bytes.size(), b.pixels.bytes.size());
    for (std::size_t i = 0; i < a.pixels.bytes.size(); ++i) {
      ASSERT_NEAR(a.pixels.bytes[i], b.pixels.bytes[i], 2) << side << " at " << i;
    }
  }
}

}  // namespace
}  // namespace thumbmill::heif
