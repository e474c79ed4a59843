#include "image/jp2/jp2_kernel.h"

#include <cmath>

#include "corpus_files.h"
#include "jp2/jp2_fixture.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;
using planar::ColorModel;

TEST_F(Jp2, ReadsCodestreamsAndFilesAtEverySize) {
  for (const bool irreversible : {false, true}) {
    for (const std::uint32_t tile : {0u, 96u}) {
      MadeCodestream made = four_quarters(256, 192);
      made.irreversible = irreversible;
      made.tile_side = tile;
      const std::string stream = encode(made);
      for (const std::string& file : {stream, jp2_file(color_box(16), stream)}) {
        for (const std::uint32_t side : {256u, 128u, 64u, 20u}) {
          expect_quarters(picture(file, side), 4, std::to_string(side));
        }
      }
    }
  }
}

TEST_F(Jp2, DecodesOnlyTheLevelsThatAreNeeded) {
  const std::string file = encode(four_quarters(512, 384));
  const auto width = [&](std::uint32_t side) {
    return decode(file, side)->picture.planes.front().width;
  };
  EXPECT_EQ(width(512), 512u);
  EXPECT_EQ(width(128), 256u);
  EXPECT_EQ(width(100), 256u);
  EXPECT_EQ(width(32), 64u);
  EXPECT_EQ(width(2), 6u);  // 5 levels, and boxes of 3 x 3
}

TEST_F(Jp2, ReducedPicturesStayInTheirPlace) {
  // A shift of one pixel in both directions is a mean difference of 0.25 levels. The slope is such
  // that rounding has no preference.
  constexpr double kSlope = 0.1637;
  for (const std::uint32_t left : {0u, 3u}) {
    for (const int levels : {0, 1, 3, 5}) {
      MadeCodestream made;
      made.width = 1000;
      made.height = 600;
      made.left = made.top = left;
      made.levels = levels;
      made.components = {{.bits = 16}};
      made.sample = [](std::size_t, std::uint32_t x, std::uint32_t y) {
        return static_cast<int>(std::lround((x + 0.5 * y) * kSlope * 257));
      };
      const std::string file = encode(made);
      for (const std::uint32_t side : {250u, 125u, 50u, 20u}) {
        const Picture small = picture(file, side);
        const double scale = 1000.0 / side;
        double sum = 0;
        int count = 0;
        for (std::uint32_t y = 4; y + 4 < small.size.height; ++y) {
          for (std::uint32_t x = 4; x + 4 < small.size.width; ++x, ++count) {
            const double at_x = (x + 0.5) * scale - 0.5, at_y = (y + 0.5) * scale - 0.5;
            sum += small.at(x, y)[0] - (at_x + 0.5 * at_y) * kSlope;
          }
        }
        EXPECT_NEAR(sum / count, 0, 0.15) << levels << " levels, " << side << " px, at " << left;
      }
    }
  }
}

TEST_F(Jp2, KeepsDepthsAndSigns) {
  for (const std::uint32_t bits : {1u, 2u, 4u, 7u, 8u, 10u, 12u, 16u, 20u}) {
    for (const bool is_signed : {false, true}) {
      MadeCodestream made = four_quarters();
      made.levels = 2;
      made.components.assign(3, {.bits = bits, .is_signed = is_signed});
      const std::int64_t most = (std::int64_t{1} << bits) - 1;
      const std::int64_t lift = is_signed ? std::int64_t{1} << (bits - 1) : 0;
      made.sample = [=](std::size_t c, std::uint32_t x, std::uint32_t y) {
        const int level = quarter(x, y, kWidth, kHeight)[c];
        return static_cast<int>((level * most + 127) / 255 - lift);
      };
      const int step = static_cast<int>(255 / most);
      const auto what = std::to_string(bits) + (is_signed ? " bits, signed" : " bits");
      expect_quarters(picture(encode(made)), step / 2 + 2, what);
    }
  }
}

TEST_F(Jp2, ReadsGreyAndGreyWithAlpha) {
  MadeCodestream made;
  made.components.resize(1);
  made.sample = [](std::size_t c, std::uint32_t x, std::uint32_t) {
    return c == 0 ? 200 : x < kWidth / 2 ? 255 : 100;
  };
  for (const std::string& header : {""s, color_box(17)}) {
    const std::string stream = encode(made);
    const std::string file = header.empty() ? stream : jp2_file(header, stream);
    EXPECT_EQ(decode(file)->picture.model, ColorModel::grey);
    EXPECT_LE(color_distance(picture(file).at(5, 5), {200, 200, 200, 255}), 1);
  }
  made.components.resize(2);
  const std::string stream = encode(made);
  for (const std::string& file :
       {stream, jp2_file(color_box(17) + definition_box({{0, 0, 1}, {1, 1, 0}}), stream)}) {
    const Picture small = picture(file, 32);
    EXPECT_EQ(small.at(4, 10), (std::array{200, 200, 200, 255}));
    EXPECT_LE(color_distance(small.at(28, 10), {200, 200, 200, 100}), 1);
  }
}

TEST_F(Jp2, TakesAlphaByDefinitionOrByPlace) {
  const bool premultiplied_in[] = {false, true};
  for (const bool premultiplied : premultiplied_in) {
    MadeCodestream made = four_quarters();
    made.components.resize(4);
    made.sample = [=](std::size_t c, std::uint32_t x, std::uint32_t y) {
      const int alpha = 2 * x < kWidth ? 255 : 128;
      if (c == 3) return alpha;
      const int color = quarter(x, y, kWidth, kHeight)[c];
      return premultiplied ? color * alpha / 255 : color;
    };
    const std::string stream = encode(made);
    const int kind = premultiplied ? 2 : 1;
    const std::string named = definition_box({{0, 0, 1}, {1, 0, 2}, {2, 0, 3}, {3, kind, 0}});
    std::vector<std::string> files{jp2_file(color_box(16) + named, stream)};
    if (!premultiplied) files.push_back(stream);
    for (const std::string& file : files) {
      for (const std::uint32_t side : {64u, 16u}) {
        const Picture small = picture(file, side);
        const std::uint32_t x = small.size.width / 4, y = small.size.height / 4;
        EXPECT_LE(color_distance(small.at(x, y), kRed), 2);
        std::array<int, 4> green = kGreen;
        green[3] = 128;
        EXPECT_LE(color_distance(small.at(3 * x, y), green), 3);
      }
    }
    const std::string other = definition_box({{0, 0, 1}, {1, 0, 2}, {2, 0, 3}, {3, 65535, 65535}});
    EXPECT_EQ(picture(jp2_file(color_box(16) + other, stream)).bands, 3u);
  }
}

TEST_F(Jp2, ColoursMayComeInAnyOrder) {
  MadeCodestream made = four_quarters();
  made.sample = [](std::size_t c, std::uint32_t x, std::uint32_t y) {
    return quarter(x, y, kWidth, kHeight)[2 - c];
  };
  const std::string order = definition_box({{0, 0, 3}, {1, 0, 2}, {2, 0, 1}});
  expect_quarters(picture(jp2_file(color_box(16) + order, encode(made))), 1, "bgr");
}

std::array<int, 3> ycc(const std::array<int, 4>& rgb) {
  const double y = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  const auto level = [](double value) { return static_cast<int>(std::lround(value)); };
  return {level(y), level((rgb[2] - y) / 1.772 + 128), level((rgb[0] - y) / 1.402 + 128)};
}

TEST_F(Jp2, ReadsYccWithAndWithoutSubsampling) {
  for (const auto& [dx, dy] : {std::pair{1u, 1u}, std::pair{2u, 2u}, std::pair{2u, 1u}}) {
    for (const std::uint32_t width : {kWidth, kWidth - 1}) {
      MadeCodestream made = four_quarters(width, kHeight);
      made.levels = 2;
      made.components = {{}, {.dx = dx, .dy = dy}, {.dx = dx, .dy = dy}};
      made.sample = [dx = dx, dy = dy, width](std::size_t c, std::uint32_t x, std::uint32_t y) {
        if (c > 0) x *= dx, y *= dy;
        return ycc(quarter(x, y, width, kHeight))[c];
      };
      const std::string stream = encode(made);
      std::vector<std::string> files{jp2_file(color_box(18), stream)};
      if (dx > 1) files.push_back(stream);  // told by its small chroma
      for (const std::string& file : files) {
        const auto decoded = decode(file);
        ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
        EXPECT_EQ(decoded->picture.model, ColorModel::ycbcr);
        EXPECT_EQ(decoded->size, (SizePx{width, kHeight}));
        for (const std::uint32_t side : {64u, 16u}) {
          expect_quarters(picture(file, side), 4, std::to_string(dx));
        }
      }
    }
  }
}

TEST_F(Jp2, ReadsYccWithAlpha) {
  MadeCodestream made = four_quarters();
  made.components = {{}, {.dx = 2, .dy = 2}, {.dx = 2, .dy = 2}, {}};
  made.sample = [](std::size_t c, std::uint32_t x, std::uint32_t y) {
    if (c == 3) return 255;
    return c == 0 ? ycc(quarter(x, y, kWidth, kHeight))[c]
                  : ycc(quarter(2 * x, 2 * y, kWidth, kHeight))[c];
  };
  const std::string alpha = definition_box({{0, 0, 1}, {1, 0, 2}, {2, 0, 3}, {3, 1, 0}});
  expect_quarters(picture(jp2_file(color_box(18) + alpha, encode(made)), 32), 4, "alpha");
}

TEST_F(Jp2, ReadsCmyk) {
  MadeCodestream made = four_quarters();
  made.components.resize(4);
  made.sample = [](std::size_t c, std::uint32_t x, std::uint32_t y) {
    return c == 3 ? 0 : 255 - quarter(x, y, kWidth, kHeight)[c];
  };
  const std::string file = jp2_file(color_box(12), encode(made));
  EXPECT_EQ(decode(file)->picture.model, ColorModel::cmyk);
  expect_quarters(picture(file, 32), 2, "cmyk");
}

// I.5.3.4 and I.5.3.5.
TEST_F(Jp2, LooksUpPalettesBeforeItReduces) {
  MadeCodestream made;
  made.components = {{.bits = 2}};
  made.width = 256;
  made.height = 192;
  made.sample = [](std::size_t, std::uint32_t x, std::uint32_t y) {
    return (2 * x >= 256 ? 1 : 0) + (2 * y >= 192 ? 2 : 0);
  };
  std::string palette = big_endian(4, 2) + big_endian(3, 1) + "\7\7\7"s;
  for (const auto* color : {&kRed, &kGreen, &kBlue, &kYellow}) {
    for (std::size_t c = 0; c < 3; ++c) palette += static_cast<char>((*color)[c]);
  }
  std::string mapping;
  for (char column = 0; column < 3; ++column) mapping += "\0\0\1"s + column;
  const std::string stream = encode(made);
  const std::string boxes = color_box(16) + jp2_box("pclr", palette);
  for (const std::string& file :
       {jp2_file(boxes + jp2_box("cmap", mapping), stream), jp2_file(boxes, stream)}) {
    for (const std::uint32_t side : {256u, 64u, 10u}) {
      expect_quarters(picture(file, side), side == 10 ? 8 : 1, "palette");
    }
  }
  mapping.back() = 3;  // a column that is not there
  EXPECT_EQ(code(jp2_file(boxes + jp2_box("cmap", mapping), stream)), Code::corrupt_input);
  EXPECT_EQ(code(jp2_file(color_box(16) + jp2_box("pclr", palette.substr(0, 8)), stream)),
            Code::corrupt_input);
}

TEST_F(Jp2, KeepsTheProfileOfItsColours) {
  const std::string profile = std::string(16, ' ') + "RGB " + std::string(100, ' ');
  const std::string stream = encode(four_quarters());
  EXPECT_EQ(decode(jp2_file(profile_box(profile), stream))->profile, profile);
  std::string grey = profile;
  grey.replace(16, 4, "GRAY");
  EXPECT_EQ(decode(jp2_file(profile_box(grey), stream))->picture.model, ColorModel::grey);
  MadeCodestream one = four_quarters();
  one.components.resize(1);
  EXPECT_EQ(decode(jp2_file(profile_box(profile), encode(one)))->profile, "");
}

TEST_F(Jp2, RefusesColoursItDoesNotRead) {
  const std::string stream = encode(four_quarters());
  EXPECT_EQ(code(jp2_file(color_box(14), stream)), Code::unsupported);  // Lab
  EXPECT_EQ(code(jp2_file(color_box(14) + color_box(16), stream)), Code::ok);
  MadeCodestream many = four_quarters();
  many.components.resize(6);
  many.sample = [](std::size_t, std::uint32_t, std::uint32_t) { return 9; };
  EXPECT_EQ(code(encode(many)), Code::unsupported);
  many.components.resize(20);
  EXPECT_EQ(code(encode(many)), Code::unsupported);
}

// libvips 8.14 is no judge of these: it reads past the end where the picture does not begin at the
// grid's origin. What a rendition must look like is therefore taken from the whole picture.
TEST_F(Jp2, ReducedRealFilesLookLikeTheWholeOnes) {
  const auto rows = corpus_files({".jp2", ".j2k"});
  if (rows.empty()) GTEST_SKIP() << "no images at " << corpus_folder() << "; set THUMBMILL_CORPUS";
  for (const CorpusFile& row : rows) {
    SCOPED_TRACE(row.name);
    const Result<Thumbnails> made = make(row.bytes, 256);
    expect_end(row, made.status());
    if (!row.expect.starts_with("thumb-or-unsupported") || !made.ok()) continue;
    const Result<Thumbnails> whole = make(row.bytes, 4096);
    ASSERT_TRUE(whole.ok()) << whole.status().to_string();
    ASSERT_EQ(whole->renditions[0].facts.size, whole->source_size);
    const std::string file = whole->renditions[0].bytes.to_string().value();
    EXPECT_LT(mean_difference(decode_picture(made->renditions[0].bytes.to_string().value()),
                              thumbnail_by_libvips(file, 256)),
              1);
  }
}

TEST_F(Jp2, TheSameBytesEachTime) {
  const std::string file = encode(four_quarters(200, 150));
  const auto once = make(file), again = make(file);
  EXPECT_EQ(once->renditions[0].bytes.to_string().value(),
            again->renditions[0].bytes.to_string().value());
}

}  // namespace
}  // namespace thumbmill
