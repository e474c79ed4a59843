#include "image/png/color_chunks.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "png_files.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;

struct Chunk {
  std::string type, data;
};

const Chunk kP3{"cICP", "\x0c\x0d\0\1"s};
const Chunk kSrgb{"sRGB", "\1"s};
const Chunk kLinear{"gAMA", png_number(100'000)};
const Chunk kUsualGamma{"gAMA", png_number(45'455)};

Chunk chromaticities(std::uint32_t red_x) {
  std::string data;
  for (const std::uint32_t value :
       {31'270u, 32'900u, red_x, 32'000u, 26'500u, 69'000u, 15'000u, 6'000u}) {
    data += png_number(value);
  }
  return {"cHRM", data};
}

// A profile's header, with nothing behind it.
std::string profile(const std::string& space) {
  std::string bytes(132, '\0');
  bytes.replace(0, 4, png_number(132));
  bytes.replace(16, 4, space);
  bytes.replace(36, 4, "acsp");
  return bytes;
}

Chunk compressed(const std::string& profile, const std::string& name = "name") {
  return {"iCCP", name + "\0\0"s + zlib_stream(profile)};
}

PngColors colors(const std::vector<Chunk>& chunks, bool grey = false) {
  PngColorChunks taken;
  for (const Chunk& chunk : chunks) take_color_chunk(chunk.type, chunk.data, taken);
  return png_colors(taken, grey);
}

std::string profile_of(const std::vector<Chunk>& chunks, bool grey = false) {
  return colors(chunks, grey).profile;
}

const std::string kP3Profile = planar::profile_of(planar::Cicp{12, 13});
const std::string kLinearProfile = planar::profile_of(std::nullopt, 1.0);

TEST(PngColors, TakeTheFirstInTheStandardsOrder) {
  const std::string rgb = profile("RGB ");
  const Chunk p3 = chromaticities(68'000);
  ASSERT_FALSE(kP3Profile.empty());
  ASSERT_FALSE(kLinearProfile.empty());
  EXPECT_EQ(profile_of({p3, kLinear, kSrgb, compressed(rgb), kP3}), kP3Profile);
  EXPECT_EQ(profile_of({p3, kLinear, kSrgb, compressed(rgb)}), rgb);
  EXPECT_EQ(profile_of({p3, kLinear, kSrgb}), "");
  const std::string linear_p3 = profile_of({p3, kLinear});
  EXPECT_FALSE(linear_p3.empty());
  EXPECT_NE(linear_p3, kLinearProfile);
  EXPECT_EQ(profile_of({kLinear}), kLinearProfile);
  EXPECT_EQ(profile_of({}), "");
}

TEST(PngColors, TakeTheFirstOfAKind) {
  EXPECT_EQ(profile_of({kLinear, kUsualGamma}), kLinearProfile);
  EXPECT_EQ(profile_of({kP3, {"cICP", "\1\x0d\0\1"s}}), kP3Profile);
  EXPECT_EQ(profile_of({compressed(profile("GRAY")), compressed(profile("RGB "))}), "");
}

TEST(PngColors, SayHowBrightTheBrightestLightIs) {
  const Chunk pq{"cICP", "\x09\x10\0\1"s};
  const std::string average = png_number(1'000'000);
  const Chunk light{"cLLI", png_number(6'000'000) + average};
  EXPECT_EQ(colors({pq, light}).peak, 600);
  EXPECT_EQ(colors({light, {"cLLI", png_number(1) + average}, pq}).peak, 600);
  EXPECT_EQ(colors({pq, {"cLLI", png_number(0) + average}}).peak, planar::kUsualPeak);
  EXPECT_EQ(colors({pq, {"cLLI", png_number(6'000'000)}}).peak, planar::kUsualPeak);
}

TEST(PngColors, PassOverChunksThatAreNotWellFormed) {
  for (const Chunk& chunk : std::vector<Chunk>{{"gAMA", png_number(0)},
                                               {"gAMA", "abc"},
                                               {"gAMA", "abcde"},
                                               {"sRGB", "\4"},
                                               {"sRGB", ""},
                                               {"sRGB", "\0\0"s},
                                               {"cHRM", "abc"},
                                               {"cICP", "\x0c\x0d\1\1"s},  // a matrix
                                               {"cICP", "\x0c\x0d\0\0"s},  // a narrow range
                                               {"cICP", "\x0c\x0d\0\2"s},
                                               {"cICP", "\x0c\x0d\0"s},
                                               {"cICP", "\x0c\x0d\0\1\1"s},
                                               {"cICP", "\2\x0d\0\1"s},  // not specified
                                               {"cICP", "\x0c\2\0\1"s},
                                               {"cICP", "\x63\x0d\0\1"s}}) {  // reserved
    EXPECT_EQ(profile_of({chunk, kLinear}), kLinearProfile) << chunk.type;
  }
}

TEST(PngColors, PassOverProfilesThatAreNone) {
  const std::string rgb = profile("RGB ");
  std::string cut = rgb;
  cut.replace(0, 4, png_number(133));
  const std::string packed = zlib_stream(rgb);
  std::string wrong_sum = packed;
  wrong_sum.back() = static_cast<char>(wrong_sum.back() ^ 1);
  for (const Chunk& chunk : std::vector<Chunk>{{"iCCP", ""},
                                               {"iCCP", "no end"},
                                               {"iCCP", "name\0"s},
                                               {"iCCP", "name\0\1"s + packed},
                                               {"iCCP", "\0\0"s + packed},
                                               {"iCCP", "name\0\0no zlib"s},
                                               {"iCCP", "name\0\0"s + packed.substr(0, 20)},
                                               {"iCCP", "name\0\0"s + wrong_sum},
                                               compressed("no profile"),
                                               compressed(cut),
                                               compressed(rgb + std::string(8 << 20, 'x')),
                                               compressed(rgb, std::string(81, 'n'))}) {
    EXPECT_EQ(profile_of({chunk, kLinear}), kLinearProfile);
  }
  EXPECT_EQ(profile_of({compressed(rgb, std::string(80, 'n'))}), rgb);
  EXPECT_EQ(profile_of({{"iCCP", "name\0\0"s + packed + "more"}}), rgb);
}

TEST(PngColors, KeepProfilesThatFitThePicture) {
  for (const char* space : {"RGB ", "GRAY"}) {
    EXPECT_EQ(profile_of({compressed(profile(space))}, true), profile(space));
  }
  // Of others the file has said its colours, only not in a way that is of use.
  EXPECT_EQ(profile_of({compressed(profile("GRAY")), kLinear}), "");
  EXPECT_EQ(profile_of({compressed(profile("CMYK")), kLinear}, true), "");
  EXPECT_TRUE(colors({compressed(profile("RGB "))}, true).is_rgb());
  EXPECT_FALSE(colors({compressed(profile("GRAY"))}, true).is_rgb());
  EXPECT_FALSE(colors({}).is_rgb());
  EXPECT_TRUE(colors({kLinear}, true).is_rgb());
}

TEST(PngColors, TakeGammaAsChromiumDoes) {
  EXPECT_EQ(profile_of({kUsualGamma}), "");
  EXPECT_EQ(profile_of({{"gAMA", png_number(47'500)}}), "");
  EXPECT_NE(profile_of({{"gAMA", png_number(49'000)}}), "");
  EXPECT_NE(profile_of({kUsualGamma, chromaticities(68'000)}), "");
  EXPECT_EQ(profile_of({chromaticities(68'000)}), "");  // no curve
  // Nothing could be seen of the picture.
  EXPECT_EQ(profile_of({{"gAMA", png_number(100)}}), "");
  EXPECT_EQ(profile_of({{"gAMA", png_number(0xffffffff)}}), "");
  EXPECT_EQ(profile_of({kLinear, chromaticities(0)}), "");
}

TEST(PngColors, KnowBrightAndBroadcastColors) {
  for (const char transfer : {'\x10', '\x12'}) {
    const PngColors bright = colors({{"cICP", "\x09"s + transfer + "\0\1"s}, kLinear});
    ASSERT_TRUE(bright.hdr);
    EXPECT_EQ(bright.hdr->primaries, 9);
    EXPECT_EQ(bright.hdr->transfer, transfer);
    EXPECT_EQ(bright.peak, planar::kUsualPeak);
    EXPECT_EQ(bright.profile, "");
  }
  for (const char transfer : {'\1', '\6', '\x0b', '\x0e', '\x0f'}) {
    EXPECT_EQ(profile_of({{"cICP", "\1"s + transfer + "\0\1"s}}),
              planar::profile_of(planar::primaries_of(1), 2.4));
  }
}

}  // namespace
}  // namespace thumbmill
