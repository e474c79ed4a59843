// Thumbnails of PNG files, beside those that libvips makes of them, and of files that it refuses.
#include "image/png/png_kernel.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image/planar/color_space.h"
#include "image/planar/planar_thumbnailer.h"
#include "pictures.h"
#include "png_files.h"
#include "reference/vips_thumbnailer.h"

namespace thumbmill {
namespace {

planar::PlanarThumbnailer thumbnailer() {
  return planar::PlanarThumbnailer({{ImageFormat::png, decode_png}}, planar::own_encoders());
}

// What two good filters differ by on nothing but hard edges.
constexpr double kHardEdges = 2.4;

// As one sees it: what colour something has that is hardly there does not matter.
Picture seen_on(int background, Picture picture) {
  if (picture.bands != 4) return picture;
  for (std::size_t i = 0; i < picture.pixels.size(); i += 4) {
    const int alpha = static_cast<unsigned char>(picture.pixels[i + 3]);
    for (std::size_t c = 0; c < 3; ++c) {
      const int color = static_cast<unsigned char>(picture.pixels[i + c]);
      picture.pixels[i + c] =
          static_cast<char>((color * alpha + background * (255 - alpha) + 127) / 255);
    }
  }
  return picture;
}

class PngThumbnail : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { vips_ = VipsThumbnailer::create().value().release(); }
  static void TearDownTestSuite() { delete vips_; }

  static ThumbnailRequest request_for(const std::string& file, std::uint32_t side) {
    ThumbnailRequest request;
    request.source = Blob(file);
    request.format = ImageFormat::png;
    request.renditions = {
        RenditionSpec{.width_px = side, .height_px = side, .format = ImageFormat::png}};
    return request;
  }

  static Result<Thumbnails> make(const std::string& file, std::uint32_t side) {
    return thumbnailer().make(request_for(file, side), {});
  }

  static Picture picture(const Result<Thumbnails>& made) {
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? decode_picture(made->renditions.at(0).bytes.to_string().value()) : Picture();
  }

  // `levels` of 255 is how much the mean of all bands may differ.
  static void expect_as_libvips(const std::string& file, std::uint32_t side, double levels) {
    const auto ours = make(file, side);
    const auto theirs = vips_->make(request_for(file, side), {});
    for (const int background : {0, 255}) {
      EXPECT_LE(
          mean_difference(seen_on(background, picture(ours)), seen_on(background, picture(theirs))),
          levels);
    }
    EXPECT_EQ(ours->source_size, theirs->source_size);
    EXPECT_EQ(ours->renditions.at(0).facts.size, theirs->renditions.at(0).facts.size);
  }

  static inline VipsThumbnailer* vips_ = nullptr;
};

// Discs of all sizes and colours: edges in every direction, as a moved picture would show.
VipsImagePtr discs(int width, int height, int bands) {
  std::string pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int u = x % 97 - 48;
      const int v = y % 83 - 41;
      const bool inside = u * u + v * v < 30 * 30;
      const char color[] = {static_cast<char>(inside ? x * 255 / width : 40),
                            static_cast<char>(inside ? y * 255 / height : 200),
                            static_cast<char>(inside ? 255 : x % 13 * 9),
                            static_cast<char>(inside ? 255 : y * 128 / height)};
      pixels.append(color, static_cast<std::size_t>(bands));
    }
  }
  const auto raw = make_image([&](VipsImage** out) {
    *out = vips_image_new_from_memory_copy(pixels.data(), pixels.size(), width, height, bands,
                                           VIPS_FORMAT_UCHAR);
    return *out == nullptr ? -1 : 0;
  });
  return make_image([&](VipsImage** out) {
           return vips_copy(raw->get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
         })
      .value();
}

VipsImagePtr blurred(const VipsImagePtr& sharp) {
  return make_image([&](VipsImage** out) { return vips_gaussblur(sharp.get(), out, 8.0, nullptr); })
      .value();
}

// Without edges only what is out of place would show, by more than the rounding.
TEST_F(PngThumbnail, PutsEverythingWhereLibvipsDoes) {
  for (const int width : {800, 801, 803}) {
    for (const std::uint32_t side : {100u, 199u}) {
      SCOPED_TRACE(std::to_string(width) + " to " + std::to_string(side));
      expect_as_libvips(write_picture(blurred(discs(width, 605, 3)).get(), ".png"), side, 0.7);
      expect_as_libvips(write_picture(blurred(discs(605, width, 3)).get(), ".png"), side, 0.7);
    }
  }
}

TEST_F(PngThumbnail, LooksLikeLibvipsAtEverySize) {
  for (const int width : {801, 803}) {
    for (const std::uint32_t side : {50u, 100u, 199u}) {
      SCOPED_TRACE(std::to_string(width) + " to " + std::to_string(side));
      expect_as_libvips(write_picture(discs(width, 605, 3).get(), ".png"), side, kHardEdges);
      expect_as_libvips(write_picture(discs(605, width, 4).get(), ".png"), side, kHardEdges);
    }
  }
}

TEST_F(PngThumbnail, LooksLikeLibvipsInEveryKind) {
  const VipsImagePtr color = discs(700, 500, 3);
  const auto grey = make_image([&](VipsImage** out) {
    return vips_colourspace(color.get(), out, VIPS_INTERPRETATION_B_W, nullptr);
  });
  const auto deep = make_image([&](VipsImage** out) {
    return vips_colourspace(color.get(), out, VIPS_INTERPRETATION_RGB16, nullptr);
  });
  const auto deep_alpha = make_image([&](VipsImage** out) {
    return vips_colourspace(discs(700, 500, 4).get(), out, VIPS_INTERPRETATION_RGB16, nullptr);
  });
  for (const std::string& file :
       {write_picture(color.get(), ".png[palette]"),
        write_picture(discs(700, 500, 4).get(), ".png[palette]"),
        write_picture(grey->get(), ".png"), write_picture(grey->get(), ".png[palette,bitdepth=1]"),
        write_picture(grey->get(), ".png[palette,bitdepth=4]"), write_picture(deep->get(), ".png"),
        write_picture(deep_alpha->get(), ".png")}) {
    expect_as_libvips(file, 90, kHardEdges);
  }
}

TEST_F(PngThumbnail, TurnsUprightWithoutDividingEvenly) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const std::string file = write_picture(discs(803, 405, 3).get(), ".png");
    expect_as_libvips(with_png_orientation(file, orientation), 100, kHardEdges);
  }
}

TEST_F(PngThumbnail, ConvertsTheProfile) {
  const auto p3 = make_image([&](VipsImage** out) {
    return vips_icc_transform(four_colors(800, 600).get(), out, "p3", "input_profile", "srgb",
                              nullptr);
  });
  const std::string file = write_picture(p3->get(), ".png");
  const Picture made = picture(make(file, 100));
  EXPECT_LE(color_distance(made.at(25, 18), kRed), 3);
  expect_as_libvips(file, 100, 0.5);
}

TEST_F(PngThumbnail, LooksLikeLibvipsWhenInterlaced) {
  for (const int bands : {3, 4}) {
    const std::string file = write_picture(discs(703, 501, bands).get(), ".png[interlace]");
    expect_as_libvips(file, 90, kHardEdges);
    expect_as_libvips(file, 600, kHardEdges);
  }
}

// Between the header, and what follows.
std::string with_chunk(const std::string& file, const std::string& chunk) {
  constexpr std::size_t kBehindHeader = 33;  // the signature and IHDR
  return file.substr(0, kBehindHeader) + chunk + file.substr(kBehindHeader);
}

TEST_F(PngThumbnail, MakesTheStillPictureOfAnAnimation) {
  const std::string plain = write_picture(discs(90, 80, 3).get(), ".png");
  const std::string animated = with_chunk(plain, png_chunk("acTL", std::string(8, '\1')));
  EXPECT_EQ(mean_difference(picture(make(animated, 50)), picture(make(plain, 50))), 0);
}

TEST_F(PngThumbnail, RefusesOtherFormats) {
  const std::string plain = write_picture(discs(90, 80, 3).get(), ".png");
  ThumbnailRequest request = request_for(plain, 50);
  request.format = ImageFormat::webp;
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::unsupported);
  request = request_for(plain, 50);
  request.renditions[0].format = ImageFormat::avif;
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::unsupported);
}

TEST_F(PngThumbnail, MakesWhatThereIsOfADamagedFile) {
  const std::string whole = png_file(random_png(PngColor::rgb, 8, 450, 430, 1));
  int made = 0;
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    for (const std::string& file : {damaged, whole.substr(0, at)}) {
      const Status status = make(file, 50).status();
      EXPECT_TRUE(status.ok() || status.code() == Code::corrupt_input) << status.to_string();
      if (status.ok()) ++made;
    }
  }
  EXPECT_GE(made, 70);
}

TEST_F(PngThumbnail, IsClearWhereAFileIsCut) {
  const std::string whole = png_file(random_png(PngColor::rgb, 8, 400, 400, 1));
  const Picture cut = picture(make(whole.substr(0, whole.size() / 2), 100));
  ASSERT_EQ(cut.bands, 4);
  EXPECT_EQ(static_cast<unsigned char>(cut.pixels[4 * (20 * 100 + 50) + 3]), 255);
  EXPECT_EQ(static_cast<unsigned char>(cut.pixels[4 * (80 * 100 + 50) + 3]), 0);
}

TEST_F(PngThumbnail, SaysWhatIsWrong) {
  const std::string plain = write_picture(discs(90, 80, 3).get(), ".png");
  EXPECT_EQ(make(plain.substr(0, 50), 50).status().code(), Code::corrupt_input);
  EXPECT_EQ(make(with_chunk(plain, png_chunk("ABCD", "")), 50).status().code(), Code::unsupported);
  const auto apple = png_of_chunks({png_chunk("CgBI", "abcd"), plain.substr(8)});
  EXPECT_NE(make(apple, 50).status().message().find("CgBI"), std::string::npos);
}

using Rgba = std::array<int, 4>;

class PngThumbnailColors : public PngThumbnail {
 protected:
  // A picture of one colour, in a file with `chunks` in front of its data: what it is in sRGB.
  static Rgba seen(PngColor color, int depth_bits, const std::string& pixel,
                   const std::string& chunks) {
    PngFile file;
    file.header = {30, 20, static_cast<std::uint8_t>(depth_bits), color};
    for (int i = 0; i < 30 * 20; ++i) file.pixels += pixel;
    file.chunks_in_front = chunks;
    if (color == PngColor::palette) file.palette = "\x48\x58\xf9";
    return picture(make(png_file(file), 10)).at(5, 3);
  }

  static void expect_near(const Rgba& made, const Rgba& right) {
    EXPECT_LE(color_distance(made, right), 1)
        << made[0] << " " << made[1] << " " << made[2] << " " << made[3];
  }

  static std::string compressed_profile(const std::string& profile) {
    return png_chunk("iCCP", std::string("name\0\0", 6) + zlib_stream(profile));
  }

  const std::string linear_ = png_chunk("gAMA", png_number(100'000));
  const std::string rgb_ = "\x48\x58\xf9";  // 72 88 249
};

// What Chromium 156 shows, read through a canvas.
TEST_F(PngThumbnailColors, AreChromiums) {
  const auto code_points = [](char primaries, char transfer) {
    return png_chunk("cICP", std::string{primaries, transfer, '\0', '\1'});
  };
  expect_near(seen(PngColor::rgb, 8, rgb_, ""), {72, 88, 249, 255});
  expect_near(seen(PngColor::rgb, 8, rgb_, linear_), {145, 159, 252, 255});
  expect_near(seen(PngColor::palette, 8, std::string(1, '\0'), linear_), {145, 159, 252, 255});
  expect_near(seen(PngColor::rgb, 8, rgb_, code_points(12, 13)), {68, 89, 255, 255});
  expect_near(seen(PngColor::rgb, 8, rgb_, code_points(1, 1)), {62, 79, 249, 255});
  expect_near(seen(PngColor::rgb, 8, rgb_, code_points(1, 8)), {145, 159, 252, 255});
  expect_near(seen(PngColor::rgb, 8, rgb_, code_points(9, 16)), {0, 0, 255, 255});
  expect_near(seen(PngColor::grey, 8, "C", linear_), {140, 140, 140, 255});
  expect_near(seen(PngColor::grey, 8, "C", code_points(1, 8)), {140, 140, 140, 255});
  expect_near(seen(PngColor::grey, 8, "C", code_points(9, 16)), {33, 33, 33, 255});
  expect_near(seen(PngColor::grey, 8, "C", code_points(9, 18)), {45, 45, 45, 255});
}

TEST_F(PngThumbnailColors, OfAProfileKeepAlphaAndDepth) {
  const std::string linear = planar::profile_of(std::nullopt, 1.0);
  const std::string grey_linear = planar::grey_profile_of(1.0);
  const std::string deep("\x48\x48\x58\x58\xf9\xf9\x80\x80", 8);
  expect_near(seen(PngColor::rgb_alpha, 16, deep, compressed_profile(linear)),
              {145, 159, 252, 128});
  expect_near(seen(PngColor::rgb_alpha, 8, rgb_ + "\x80", compressed_profile(linear)),
              {145, 159, 252, 128});
  // Grey through a profile of RGB, and of grey; RGB has no use for one of grey.
  for (const std::string& profile : {linear, grey_linear}) {
    expect_near(seen(PngColor::grey, 8, "C", compressed_profile(profile)), {140, 140, 140, 255});
    expect_near(seen(PngColor::grey_alpha, 8, "C\x80", compressed_profile(profile)),
                {140, 140, 140, 128});
  }
  expect_near(seen(PngColor::rgb, 8, rgb_, compressed_profile(grey_linear)), {72, 88, 249, 255});
}

// Light of 1 to 50 in 4,096: rounded to 8 bits first, it would be one of four levels.
TEST_F(PngThumbnailColors, OfLightIn16BitsKeepTheDark) {
  for (const std::string& chunk : {linear_, compressed_profile(planar::profile_of({}, 1.0)),
                                   png_chunk("cICP", std::string("\1\x08\0\1", 4))}) {
    for (int light = 1; light <= 50; ++light) {
      const double share = light * 16 / 65'535.0;
      const int level = static_cast<int>(
          255 * (share <= 0.0031308 ? 12.92 * share : 1.055 * std::pow(share, 1 / 2.4) - 0.055) +
          0.5);
      const std::string sample{static_cast<char>(light >> 4), static_cast<char>(light << 4)};
      expect_near(seen(PngColor::grey, 16, sample, chunk), {level, level, level, 255});
      expect_near(seen(PngColor::rgb_alpha, 16, sample + sample + sample + "\xff\xff", chunk),
                  {level, level, level, 255});
    }
  }
}

TEST_F(PngThumbnailColors, AreDarkerTheBrighterTheBrightestLightIs) {
  const std::string pq = png_chunk("cICP", std::string("\x09\x10\0\1", 4));
  const auto grey = [&](std::uint32_t peak) {
    const std::string light = png_chunk("cLLI", png_number(peak * 10'000) + png_number(0));
    return seen(PngColor::grey, 8, "\xa8", pq + light)[0];  // twice paper white
  };
  EXPECT_GT(grey(300), grey(1000));
  EXPECT_GT(grey(1000), grey(4000));
  EXPECT_EQ(grey(0), grey(1000));  // not known
}

TEST_F(PngThumbnail, TurnsByExifInFrontOfTheImageDataOnly) {
  const std::string plain = png_file(random_png(PngColor::rgb, 8, 40, 20, 1));
  const std::string exif =
      png_chunk("eXIf", std::string("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26));
  EXPECT_EQ(make(with_chunk(plain, exif), 10)->source_size, (SizePx{20, 40}));
  const std::string end = png_chunk("IEND", "");
  const std::string behind = plain.substr(0, plain.size() - end.size()) + exif + end;
  EXPECT_EQ(make(behind, 10)->source_size, (SizePx{40, 20}));
}

TEST_F(PngThumbnail, LimitsComeBeforePixels) {
  const std::string file = png_file(random_png(PngColor::rgb, 8, 30, 20, 1));
  ThumbnailRequest request = request_for(file, 10);
  std::uint64_t asked = 0;
  request.admit = [&asked](std::uint64_t bytes) {
    asked = bytes;
    return Status(Code::too_large, "no room");
  };
  EXPECT_EQ(thumbnailer().make(request, {}).status().message(), "no room");
  EXPECT_GT(asked, 0u);
  asked = 0;
  request.limits.max_side_px = 29;
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::too_large);
  request.limits = {};
  request.limits.max_pixels = 599;
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::too_large);
  EXPECT_EQ(asked, 0u);
}

// A photo with a colour profile that cannot be used is worth more than none.
TEST_F(PngThumbnail, PassesABadProfileOver) {
  PngFile file = random_png(PngColor::rgb, 8, 60, 50, 1);
  const std::string plain = png_file(file);
  const std::string name("name\0\0", 6);
  for (const std::string& profile :
       {std::string(), std::string("no end"), std::string("name\0\1", 6), name, name + "no zlib",
        name + zlib_stream("no profile"), name + zlib_stream(std::string(8 << 20, 'x'))}) {
    file.chunks_in_front = png_chunk("iCCP", profile);
    const auto made = make(png_file(file), 25);
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    EXPECT_EQ(made->renditions[0].bytes.to_string().value(),
              make(plain, 25)->renditions[0].bytes.to_string().value());
  }
}

}  // namespace
}  // namespace thumbmill
