// What every Thumbnailer must do: the contract of image/thumbnailer.h as tests. The pictures are
// made here; colours are compared with a stated tolerance, sizes exactly.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/thumbnailer.h"
#include "pictures.h"

namespace thumbmill {

/// A Thumbnailer under test with whatever it needs to live.
struct ThumbnailerUnderTest {
  std::shared_ptr<void> surroundings;  // owned together with the thumbnailer, and outliving it
  std::unique_ptr<Thumbnailer> thumbnailer;
};

struct ThumbnailerFactory {
  std::string name;
  std::function<ThumbnailerUnderTest()> make;
};

inline void PrintTo(const ThumbnailerFactory& factory, std::ostream* out) { *out << factory.name; }

/// Levels of 255 by which a flat colour may be off after lossy coding and colour conversion.
inline constexpr int kColorTolerance = 10;

class ThumbnailerSuite : public ::testing::TestWithParam<ThumbnailerFactory> {
 protected:
  ThumbnailerSuite() : under_test_(GetParam().make()), thumbnailer_(*under_test_.thumbnailer) {}

  Result<Thumbnails> make(const std::string& file, std::vector<RenditionSpec> renditions,
                          const ImageLimits& limits = {}) {
    ThumbnailRequest request;
    request.format = sniff_image_format(file).value_or(ImageFormat::jpeg);
    request.source = Blob(file);
    request.renditions = std::move(renditions);
    request.limits = limits;
    return thumbnailer_.make(request, {});
  }

  // The only rendition, read back, after checks that hold for every picture.
  Picture make_picture(const std::string& file, const RenditionSpec& spec) {
    const Result<Thumbnails> made = make(file, {spec});
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    if (!made.ok()) return {};
    return check(made->renditions.at(0), spec, made->source_size);
  }

  static Picture check(const MadeRendition& made, const RenditionSpec& spec, SizePx source) {
    const std::string bytes = made.bytes.to_string().value();
    EXPECT_EQ(made.facts.name, spec.name);
    EXPECT_EQ(made.facts.size_bytes, bytes.size());
    EXPECT_EQ(sniff_image_format(bytes), made.facts.format);
    EXPECT_EQ(made.facts.placeholder.size(), 28u);  // 4 x 3 components
    EXPECT_TRUE(color_from_string(made.facts.color).has_value()) << made.facts.color;
    Picture picture = decode_picture(bytes);
    EXPECT_EQ(picture.size, made.facts.size);
    EXPECT_EQ(picture.size, plan_fit(source, spec).canvas);
    if (made.facts.format == ImageFormat::jxl) {
      // libvips makes a profile of the sRGB that the file names. A codestream alone holds nothing
      // else.
      EXPECT_TRUE(bytes.starts_with("\xff\x0a"));
    } else {
      EXPECT_FALSE(picture.has_profile);
      EXPECT_FALSE(picture.has_metadata);
    }
    return picture;
  }

  // Red, green, blue, yellow in the middle of the quarters.
  static void expect_four_colors(const Picture& picture, int tolerance = kColorTolerance) {
    const auto near = [&](std::uint32_t x, std::uint32_t y, const std::array<int, 4>& color) {
      const auto found = picture.at(picture.size.width * x / 4, picture.size.height * y / 4);
      EXPECT_LE(color_distance(found, color), tolerance)
          << "at " << x << "/4, " << y << "/4: " << found[0] << " " << found[1] << " " << found[2]
          << " " << found[3];
    };
    near(1, 1, kRed);
    near(3, 1, kGreen);
    near(1, 3, kBlue);
    near(3, 3, kYellow);
  }

  Code failure_of(const std::string& file, const ImageLimits& limits = {}) {
    const Result<Thumbnails> made = make(file, {RenditionSpec()}, limits);
    EXPECT_TRUE(made.ok() || !made.status().message().empty());
    message_ = made.status().message();
    return made.status().code();
  }

  ThumbnailerUnderTest under_test_;
  Thumbnailer& thumbnailer_;
  std::string message_;  // of the latest failure
};

TEST_P(ThumbnailerSuite, DecodesEveryFormat) {
  const VipsImagePtr image = four_colors(400, 300);
  for (const char* suffix :
       {".jpg[Q=95]", ".jpg[Q=95,interlace]", ".jpg[Q=95,subsample_mode=off]", ".png",
        ".png[interlace]", ".png[palette]", ".webp[Q=95]", ".webp[lossless]", ".gif", ".tif",
        ".tif[compression=jpeg,Q=95]", ".tif[compression=lzw,tile]", ".tif[bigtiff]", ".heic[Q=90]",
        ".avif[Q=90]", ".jxl[Q=95]", ".jp2[Q=95]", ".ppm"}) {
    SCOPED_TRACE(suffix);
    const RenditionSpec spec{.width_px = 100, .height_px = 100, .quality = 95};
    const Picture picture = make_picture(write_picture(image.get(), suffix), spec);
    ASSERT_EQ(picture.size, (SizePx{100, 75}));
    expect_four_colors(picture);
  }
}

TEST_P(ThumbnailerSuite, WritesEveryFormat) {
  const VipsImagePtr image = four_colors(400, 300);
  for (const char* suffix : {".png", ".jpg[Q=95]", ".webp[Q=95]", ".webp[lossless]"}) {
    const std::string file = write_picture(image.get(), suffix);
    for (const ImageFormat format :
         {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
      SCOPED_TRACE(suffix + std::string(" to ") + std::string(image_format_info(format).name));
      const RenditionSpec spec{.width_px = 80, .height_px = 80, .format = format, .quality = 95};
      expect_four_colors(make_picture(file, spec));
    }
  }
}

TEST_P(ThumbnailerSuite, ReportsTheUprightSourceSize) {
  const std::string file =
      write_picture(turned(four_colors(240, 160).get(), 6).get(), ".jpg[Q=90]");
  const auto made = make(file, {RenditionSpec{.width_px = 10, .height_px = 10}});
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_EQ(made->source_size, (SizePx{240, 160}));
}

TEST_P(ThumbnailerSuite, KeepsTransparencyWhereTheFormatCan) {
  const std::string file = write_picture(four_colors_alpha(200, 200, 0).get(), ".png");
  const RenditionSpec unset{.width_px = 50, .height_px = 50};
  const auto made = make(file, {unset});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->renditions.at(0).facts.format, ImageFormat::png);
  for (const ImageFormat format : {ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
    SCOPED_TRACE(image_format_info(format).name);
    RenditionSpec spec{.width_px = 50, .height_px = 50, .format = format, .quality = 95};
    const Picture picture = make_picture(file, spec);
    ASSERT_EQ(picture.bands, 4u);
    EXPECT_LE(color_distance(picture.at(12, 12), kRed), kColorTolerance);
    EXPECT_LE(picture.at(37, 12)[3], 5);
  }
}

TEST_P(ThumbnailerSuite, FlattensOnTheBackground) {
  const std::string file = write_picture(four_colors_alpha(200, 200, 0).get(), ".png");
  RenditionSpec jpeg{.width_px = 50, .height_px = 50, .format = ImageFormat::jpeg, .quality = 95};
  EXPECT_LE(color_distance(make_picture(file, jpeg).at(37, 12), {255, 255, 255, 255}), 4);
  RenditionSpec colored{.width_px = 50, .height_px = 50, .background = Color{20, 90, 160}};
  const auto made = make(file, {colored});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->renditions.at(0).facts.format, ImageFormat::jpeg);
  EXPECT_LE(color_distance(make_picture(file, colored).at(37, 12), {20, 90, 160, 255}), 6);
}

TEST_P(ThumbnailerSuite, TakesAnOpaqueAlphaBandForNone) {
  const std::string file = write_picture(four_colors_alpha(200, 200, 255).get(), ".png");
  const auto made = make(file, {RenditionSpec()});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->renditions.at(0).facts.format, ImageFormat::jpeg);
}

TEST_P(ThumbnailerSuite, TransparentPixelsDoNotBleed) {
  // Left red and opaque, right green and clear: at the edge the red must stay red.
  const std::string file = write_picture(four_colors_alpha(200, 200, 0).get(), ".png");
  const Picture picture = make_picture(file, {.width_px = 20, .height_px = 20});
  for (std::uint32_t x = 0; x < 20; ++x) {
    const auto color = picture.at(x, 5);
    if (color[3] < 30) continue;
    EXPECT_LE(std::abs(color[0] - kRed[0]) + std::abs(color[1] - kRed[1]), 30) << x;
  }
}

TEST_P(ThumbnailerSuite, ConvertsProfilesToSrgb) {
  const VipsImagePtr image = four_colors(200, 200);
  const auto p3 = make_image([&](VipsImage** out) {
    return vips_icc_transform(image.get(), out, "p3", "input_profile", "srgb", nullptr);
  });
  for (const char* suffix : {".jpg[Q=97]", ".png", ".webp[lossless]", ".webp[Q=97]", ".tif",
                             ".avif[Q=95]", ".heic[Q=95]"}) {
    const std::string file = write_picture(p3->get(), suffix);
    for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp}) {
      SCOPED_TRACE(suffix + std::string(" to ") + std::string(image_format_info(format).name));
      const RenditionSpec spec{.width_px = 80, .height_px = 80, .format = format, .quality = 95};
      expect_four_colors(make_picture(file, spec));
      // Made of a copy of the picture, each time, which has to have the profile, too.
      const auto both = make(file, {spec, {.name = "b", .width_px = 40, .height_px = 40}});
      ASSERT_TRUE(both.ok()) << both.status().to_string();
      expect_four_colors(check(both->renditions.at(0), spec, both->source_size));
    }
  }
}

TEST_P(ThumbnailerSuite, DecodesCmykWithAndWithoutAProfile) {
  const auto cmyk = make_image([&](VipsImage** out) {
    return vips_icc_transform(four_colors(200, 200).get(), out, "cmyk", "input_profile", "srgb",
                              nullptr);
  });
  const RenditionSpec spec{.width_px = 100, .height_px = 100, .quality = 95};
  // Print cannot show these colours exactly, and without a profile inks are taken for brighter than
  // they are, as browsers do: what matters is that none is inverted or lost.
  for (const char* suffix : {".jpg[Q=97]", ".jpg[Q=97,strip]", ".tif", ".tif[strip]"}) {
    SCOPED_TRACE(suffix);
    expect_four_colors(make_picture(write_picture(cmyk->get(), suffix), spec), 80);
  }
}

TEST_P(ThumbnailerSuite, KeepsNothingOfTheSourcesMetadata) {
  const std::string secret = "taken at the secret place";
  const auto tagged = make_image([&](VipsImage** out) {
    return vips_copy(four_colors_alpha(200, 200, 100).get(), out, nullptr);
  });
  for (const char* field : {VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME}) {
    vips_image_set_blob_copy(tagged->get(), field, secret.data(), secret.size());
  }
  vips_image_set_string(tagged->get(), "exif-ifd0-ImageDescription", secret.c_str());
  vips_image_set_string(tagged->get(), "png-comment-0-Comment", secret.c_str());
  for (const char* suffix : {".webp", ".tif", ".jpg"}) {
    const std::string file = write_picture(tagged->get(), suffix);
    ASSERT_NE(file.find(secret), std::string::npos) << suffix;
    for (const ImageFormat format :
         {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
      SCOPED_TRACE(suffix + std::string(" to ") + std::string(image_format_info(format).name));
      const RenditionSpec spec{.width_px = 50, .height_px = 50, .format = format};
      const auto made = make(file, {spec});
      ASSERT_TRUE(made.ok());
      EXPECT_EQ(made->renditions[0].bytes.to_string().value().find(secret), std::string::npos);
      check(made->renditions[0], spec, made->source_size);
    }
  }
}

TEST_P(ThumbnailerSuite, DecodesEveryDepth) {
  const VipsImagePtr image = four_colors(200, 200);
  const RenditionSpec spec{.width_px = 100, .height_px = 100, .quality = 95};
  const auto deep = make_image([&](VipsImage** out) {
    return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_RGB16, nullptr);
  });
  for (const char* suffix : {".png", ".tif", ".ppm"}) {
    SCOPED_TRACE(suffix);
    expect_four_colors(make_picture(write_picture(deep->get(), suffix), spec));
  }
  const auto grey = make_image([&](VipsImage** out) {
    return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_B_W, nullptr);
  });
  const Picture expected = make_picture(write_picture(grey->get(), ".png"), spec);
  for (const char* suffix : {".jpg[Q=97]", ".tif", ".pgm", ".webp[lossless]"}) {
    SCOPED_TRACE(suffix);
    EXPECT_LE(mean_difference(make_picture(write_picture(grey->get(), suffix), spec), expected), 3);
  }
  for (const char* suffix :
       {".png[palette,bitdepth=1]", ".png[palette,bitdepth=2]", ".png[palette,bitdepth=4]",
        ".tif[bitdepth=1]", ".tif[bitdepth=2]", ".tif[bitdepth=4]", ".pbm"}) {
    SCOPED_TRACE(suffix);
    const Picture picture = make_picture(write_picture(grey->get(), suffix), spec);
    EXPECT_LT(picture.at(25, 75)[0], picture.at(75, 75)[0]);  // blue is darker than yellow
  }
}

TEST_P(ThumbnailerSuite, UsesTheFirstFrame) {
  const VipsImagePtr first = four_colors(120, 80);
  const VipsImagePtr second = noise(120, 80);
  const auto both = make_image([&](VipsImage** out) {
    return vips_join(first.get(), second.get(), out, VIPS_DIRECTION_VERTICAL, nullptr);
  });
  vips_image_set_int(both->get(), VIPS_META_PAGE_HEIGHT, 80);
  for (const char* suffix : {".gif", ".webp[lossless]", ".tif"}) {
    SCOPED_TRACE(suffix);
    const Picture picture = make_picture(write_picture(both->get(), suffix),
                                         {.width_px = 60, .height_px = 60, .quality = 95});
    ASSERT_EQ(picture.size, (SizePx{60, 40}));
    expect_four_colors(picture);
  }
}

TEST_P(ThumbnailerSuite, FitsAsAskedFor) {
  const VipsImagePtr image = four_colors(400, 200);
  for (const char* suffix : {".png", ".jpg[Q=97]", ".webp[Q=97]"}) {
    const std::string file = write_picture(image.get(), suffix);
    for (const ImageFormat format : {ImageFormat::png, ImageFormat::webp}) {
      SCOPED_TRACE(suffix + std::string(" to ") + std::string(image_format_info(format).name));
      const auto spec = [&](Fit fit, std::uint32_t width, std::uint32_t height) {
        RenditionSpec made{.width_px = width, .height_px = height, .fit = fit, .quality = 95};
        made.format = format;
        return made;
      };
      expect_four_colors(make_picture(file, spec(Fit::inside, 100, 100)));
      expect_four_colors(make_picture(file, spec(Fit::cover, 100, 100)));
      expect_four_colors(make_picture(file, spec(Fit::fill, 60, 90)));
      expect_four_colors(make_picture(file, spec(Fit::inside, 0, 50)));
      const Picture clear = make_picture(file, spec(Fit::contain, 100, 100));
      EXPECT_EQ(clear.at(50, 10)[3], 0);
      EXPECT_EQ(clear.at(50, 26)[3], 255);
      EXPECT_LE(color_distance(clear.at(25, 40), kRed), kColorTolerance);
      RenditionSpec padded = spec(Fit::contain, 100, 100);
      padded.background = Color{1, 2, 3};
      EXPECT_LE(color_distance(make_picture(file, padded).at(50, 10), {1, 2, 3, 255}), 3);
      padded.format = ImageFormat::jpeg;
      padded.background.reset();
      EXPECT_LE(color_distance(make_picture(file, padded).at(50, 10), {255, 255, 255, 255}), 2);
    }
  }
}

TEST_P(ThumbnailerSuite, EnlargesOnlyWhenAskedTo) {
  const std::string file = write_picture(four_colors(20, 10).get(), ".png");
  RenditionSpec spec{.width_px = 100, .height_px = 100};
  EXPECT_EQ(make_picture(file, spec).size, (SizePx{20, 10}));
  spec.enlarge = true;
  EXPECT_EQ(make_picture(file, spec).size, (SizePx{100, 50}));
}

TEST_P(ThumbnailerSuite, TakesExtremeShapes) {
  const RenditionSpec spec{.width_px = 200, .height_px = 200};
  for (const char* suffix : {".png", ".jpg", ".webp"}) {
    SCOPED_TRACE(suffix);
    EXPECT_EQ(make_picture(write_picture(noise(1, 1).get(), suffix), spec).size, (SizePx{1, 1}));
    EXPECT_EQ(make_picture(write_picture(noise(8000, 2).get(), suffix), spec).size,
              (SizePx{200, 1}));
    EXPECT_EQ(make_picture(write_picture(noise(1, 9000).get(), suffix), spec).size,
              (SizePx{1, 200}));
  }
}

TEST_P(ThumbnailerSuite, MakesManyRenditionsFromOneRequest) {
  const std::string file = write_picture(four_colors(1600, 1200).get(), ".jpg[Q=90]");
  const std::vector<RenditionSpec> specs{
      {.name = "small", .width_px = 100, .height_px = 100, .quality = 95},
      {.name = "large", .width_px = 800, .height_px = 800, .quality = 95},
      {.name = "square", .width_px = 64, .height_px = 64, .fit = Fit::cover, .quality = 95}};
  const auto made = make(file, specs);
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  ASSERT_EQ(made->renditions.size(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    SCOPED_TRACE(specs[i].name);
    expect_four_colors(check(made->renditions[i], specs[i], made->source_size));
  }
}

TEST_P(ThumbnailerSuite, GivesTheSameBytesEveryTime) {
  const std::string file = write_picture(noise(500, 400).get(), ".jpg[Q=90]");
  for (const ImageFormat format :
       {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::avif}) {
    const RenditionSpec spec{.width_px = 120, .height_px = 120, .format = format};
    const auto first = make(file, {spec});
    const auto second = make(file, {spec});
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(first->renditions.at(0).facts, second->renditions.at(0).facts);
    EXPECT_EQ(first->renditions.at(0).bytes.to_string().value(),
              second->renditions.at(0).bytes.to_string().value());
  }
}

TEST_P(ThumbnailerSuite, HigherQualityTakesMoreBytes) {
  const std::string file = write_picture(noise(300, 300).get(), ".png");
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::webp, ImageFormat::avif}) {
    RenditionSpec low{.name = "low", .format = format, .quality = 30};
    RenditionSpec high{.name = "high", .format = format, .quality = 90};
    const auto made = make(file, {low, high});
    ASSERT_TRUE(made.ok());
    EXPECT_LT(made->renditions[0].facts.size_bytes, made->renditions[1].facts.size_bytes);
  }
}

TEST_P(ThumbnailerSuite, MeanColorIsThePictures) {
  const std::string file = write_picture(four_colors(400, 300).get(), ".png");
  const auto made = make(file, {RenditionSpec()});
  ASSERT_TRUE(made.ok());
  const Color color = *color_from_string(made->renditions.at(0).facts.color);
  const std::array<int, 4> mean{(kRed[0] + kGreen[0] + kBlue[0] + kYellow[0]) / 4,
                                (kRed[1] + kGreen[1] + kBlue[1] + kYellow[1]) / 4,
                                (kRed[2] + kGreen[2] + kBlue[2] + kYellow[2]) / 4, 255};
  EXPECT_LE(color_distance({color.red, color.green, color.blue, 255}, mean), 4);
}

}  // namespace thumbmill
