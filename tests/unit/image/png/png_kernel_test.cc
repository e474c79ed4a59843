// Thumbnails of PNG files, beside those that libvips makes of them; and what is left to libvips.
#include "image/png/png_kernel.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image/planar/planar_thumbnailer.h"
#include "image/vips/vips_thumbnailer.h"
#include "pictures.h"
#include "png_files.h"

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

TEST_F(PngThumbnail, LeavesToOthersWhatIsNotPlain) {
  const std::string plain = write_picture(discs(90, 80, 3).get(), ".png");
  constexpr std::size_t kBehindHeader = 33;  // the signature and IHDR
  const std::string animated = plain.substr(0, kBehindHeader) +
                               png_chunk("acTL", std::string("\0\0\0\1\0\0\0\1", 8)) +
                               plain.substr(kBehindHeader);
  EXPECT_EQ(make(animated, 50).status().code(), Code::unsupported);
  const std::string interlaced = write_picture(discs(90, 80, 3).get(), ".png[interlace]");
  EXPECT_EQ(make(interlaced, 50).status().code(), Code::unsupported);
  ThumbnailRequest request = request_for(plain, 50);
  request.format = ImageFormat::webp;
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::unsupported);
  request = request_for(plain, 50);
  request.renditions[0].format = ImageFormat::avif;
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::unsupported);
}

TEST_F(PngThumbnail, LeavesDamagedFilesToOthers) {
  const std::string whole = png_file(random_png(PngColor::rgb, 8, 450, 430, 1));
  const auto left_to_others = [](const Status& status) {
    return status.code() == Code::unsupported || status.code() == Code::corrupt_input;
  };
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_TRUE(left_to_others(make(damaged, 50).status())) << at;
    EXPECT_TRUE(left_to_others(make(whole.substr(0, at), 50).status())) << at;
  }
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
