// The encoders against the decoders that everybody has, and against those of image/vips.
#include "image/planar/encoder.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "image/planar/color.h"
#include "image/planar/render.h"
#include "pictures.h"
#include "reference/encoder.h"

namespace thumbmill {
namespace {

using planar::Pixels;

constexpr int kQuality = 80;

Result<std::string> encode_pixels(const Pixels& pixels, ImageFormat format, int quality) {
  return planar::find_encoder(planar::own_encoders(), format)->encode_pixels(pixels, quality);
}

Result<std::string> encode_planes(const planar::Picture& picture, ImageFormat format, int quality) {
  return planar::find_encoder(planar::own_encoders(), format)->encode_planes(picture, quality);
}

class Encoders : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("encoder_test"), 0); }
};

// Slopes that meet no block's edge, with something in the corners that tells them apart.
Pixels slopes(SizePx size, std::size_t channels) {
  Pixels pixels{size, channels, {}};
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x) {
      pixels.bytes.push_back(static_cast<std::uint8_t>(x * 255 / size.width));
      pixels.bytes.push_back(static_cast<std::uint8_t>(y * 255 / size.height));
      pixels.bytes.push_back(static_cast<std::uint8_t>((x + y) * 127 / (size.width + size.height)));
      if (channels == 4) pixels.bytes.push_back(static_cast<std::uint8_t>(255 - x * 3 % 256));
    }
  }
  return pixels;
}

VipsImagePtr as_vips(const Pixels& pixels) {
  const auto raw = make_image([&](VipsImage** out) {
    *out = vips_image_new_from_memory_copy(
        pixels.bytes.data(), pixels.bytes.size(), static_cast<int>(pixels.size.width),
        static_cast<int>(pixels.size.height), static_cast<int>(pixels.channels), VIPS_FORMAT_UCHAR);
    return *out == nullptr ? -1 : 0;
  });
  return make_image([&](VipsImage** out) {
           return vips_copy(raw->get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
         })
      .value();
}

Picture as_picture(const Pixels& pixels) {
  return {.size = pixels.size,
          .bands = pixels.channels,
          .pixels = std::string(pixels.bytes.begin(), pixels.bytes.end())};
}

// The picture in full-range YCbCr (ITU-T T.871 section 7), chroma at half the sides.
planar::Picture as_planes(const Pixels& pixels) {
  planar::Picture full;
  full.model = planar::ColorModel::ycbcr;
  static constexpr double kRows[3][3] = {
      {0.299, 0.587, 0.114}, {-0.168736, -0.331264, 0.5}, {0.5, -0.418688, -0.081312}};
  for (int i = 0; i < 3; ++i) {
    planar::Plane& plane = full.planes.emplace_back();
    plane.width = plane.stride = pixels.size.width;
    plane.height = pixels.size.height;
    plane.extent_x = pixels.size.width;
    plane.extent_y = pixels.size.height;
    for (std::size_t at = 0; at < pixels.bytes.size(); at += 3) {
      double value = i == 0 ? 0 : 128;
      for (std::size_t band = 0; band < 3; ++band)
        value += kRows[i][band] * pixels.bytes[at + band];
      plane.samples.push_back(static_cast<std::uint8_t>(std::min(255.0, value + 0.5)));
    }
  }
  return planar::render(full, {pixels.size, pixels.size, pixels.size}, 2);
}

TEST_F(Encoders, PngKeepsEveryPixel) {
  for (const std::size_t channels : {3u, 4u}) {
    for (const SizePx size : {SizePx{1, 1}, SizePx{1, 40}, SizePx{61, 1}, SizePx{130, 77}}) {
      const Pixels pixels = slopes(size, channels);
      const auto file = encode_pixels(pixels, ImageFormat::png, kQuality);
      ASSERT_TRUE(file.ok()) << file.status().to_string();
      EXPECT_EQ(mean_difference(decode_picture(*file), as_picture(pixels)), 0);
    }
  }
}

TEST_F(Encoders, PngIsNoLargerThanThatOfLibvips) {
  for (const VipsImagePtr& image : {noise(150, 90), as_vips(slopes({200, 150}, 3))}) {
    const Picture picture = decode_picture(write_picture(image.get(), ".png"));
    const Pixels pixels{picture.size, 3, {picture.pixels.begin(), picture.pixels.end()}};
    const std::size_t ours = encode_pixels(pixels, ImageFormat::png, kQuality).value().size();
    EXPECT_LE(ours, encode_image(image.get(), ImageFormat::png, kQuality).value().size() + 100);
  }
}

TEST_F(Encoders, WebpOfPixelsIsThatOfLibvips) {
  for (const std::size_t channels : {3u, 4u}) {
    for (const int quality : {1, 50, 80, 100}) {
      const Pixels pixels = slopes({131, 77}, channels);
      const auto file = encode_pixels(pixels, ImageFormat::webp, quality);
      ASSERT_TRUE(file.ok()) << file.status().to_string();
      EXPECT_EQ(*file, encode_image(as_vips(pixels).get(), ImageFormat::webp, quality).value());
    }
  }
}

// libwebp averages chroma in linear light, which shows where colours change within two pixels.
TEST_F(Encoders, WebpOfPlanesIsNearlyThat) {
  for (const SizePx size : {SizePx{1, 1}, SizePx{2, 5}, SizePx{131, 77}, SizePx{200, 150}}) {
    const double tolerance = size.width < 10 ? 5 : 1.5;
    const Pixels pixels = slopes(size, 3);
    const auto file = encode_planes(as_planes(pixels), ImageFormat::webp, 90);
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    const Picture made = decode_picture(*file);
    const Picture expected = decode_picture(encode_pixels(pixels, ImageFormat::webp, 90).value());
    EXPECT_LT(mean_difference(made, expected), tolerance) << size.width << " x " << size.height;
  }
}

TEST_F(Encoders, WebpOfGreyIsGrey) {
  planar::Picture grey = as_planes(slopes({64, 47}, 3));
  grey.model = planar::ColorModel::grey;
  grey.planes.resize(1);
  const Picture made = decode_picture(encode_planes(grey, ImageFormat::webp, kQuality).value());
  for (std::uint32_t x = 0; x < 64; ++x) {
    const auto color = made.at(x, 20);
    EXPECT_LE(std::abs(color[0] - color[1]) + std::abs(color[1] - color[2]), 2);
    EXPECT_NEAR(color[0], grey.planes[0].row(20)[x], 6);
  }
}

TEST_F(Encoders, NothingButThePictureIsWritten) {
  const Pixels pixels = slopes({64, 48}, 3);
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::webp, ImageFormat::png}) {
    const std::string file = encode_pixels(pixels, format, kQuality).value();
    EXPECT_EQ(sniff_image_format(file), format);
    const Picture made = decode_picture(file);
    EXPECT_FALSE(made.has_profile || made.has_metadata);
    EXPECT_LT(mean_difference(made, as_picture(pixels)), 3);
    EXPECT_EQ(file, encode_pixels(pixels, format, kQuality).value());
  }
}

}  // namespace
}  // namespace thumbmill
