// The AVIF encoder, read back by libvips' reader.
#include "image/avif/avif_encoder.h"

#include <gtest/gtest.h>

#include "image/jpeg/jpeg_kernel.h"
#include "image/jpeg/made_jpeg.h"
#include "image/planar/planar_thumbnailer.h"
#include "pictures.h"

namespace thumbmill {
namespace {

class Avif : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(vips_init("avif_encoder_test"), 0);
    ASSERT_TRUE(load_avif_encoder().ok());
  }
};

planar::Pixels slope(SizePx size, std::size_t channels) {
  planar::Pixels pixels{size, channels, {}};
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x) {
      pixels.bytes.push_back(static_cast<std::uint8_t>(x * 255 / size.width));
      pixels.bytes.push_back(static_cast<std::uint8_t>(y * 255 / size.height));
      pixels.bytes.push_back(99);
      if (channels == 4) pixels.bytes.push_back(static_cast<std::uint8_t>(255 - x * 2));
    }
  }
  return pixels;
}

Picture as_picture(const planar::Pixels& pixels) {
  return {.size = pixels.size,
          .bands = pixels.channels,
          .pixels = std::string(pixels.bytes.begin(), pixels.bytes.end())};
}

TEST_F(Avif, HoldsThePictureAndNothingElse) {
  for (const std::size_t channels : {3u, 4u}) {
    for (const SizePx size : {SizePx{1, 1}, SizePx{7, 3}, SizePx{100, 61}}) {
      for (const int quality : {80, 95}) {
        const planar::Pixels pixels = slope(size, channels);
        const auto file = avif_encoder().encode_pixels(pixels, quality);
        ASSERT_TRUE(file.ok()) << file.status().to_string();
        EXPECT_EQ(sniff_image_format(*file), ImageFormat::avif);
        const Picture made = decode_picture(*file);
        // Chroma at half the sides shows where a pixel differs from the next by 36 levels.
        const double tolerance = size.width < 10 ? 20 : 3;
        EXPECT_LT(mean_difference(made, as_picture(pixels)), tolerance)
            << size.width << " " << channels;
        EXPECT_FALSE(made.has_profile || made.has_metadata);
        EXPECT_EQ(*file, avif_encoder().encode_pixels(pixels, quality).value());
      }
    }
  }
}

TEST_F(Avif, QualityChangesTheSize) {
  const planar::Pixels pixels = slope({200, 150}, 3);
  EXPECT_LT(avif_encoder().encode_pixels(pixels, 10)->size(),
            avif_encoder().encode_pixels(pixels, 90)->size());
}

// The kernel of a format decides the picture, whatever is written.
TEST_F(Avif, IsWrittenByEveryKernel) {
  auto encoders = planar::own_encoders();
  encoders.push_back(avif_encoder());
  planar::PlanarThumbnailer thumbnailer({{ImageFormat::jpeg, jpeg::decode_jpeg}}, encoders);
  ThumbnailRequest request;
  request.source = Blob(jpeg::make_jpeg({.width = 200, .height = 150}));
  request.renditions = {
      {.name = "a", .width_px = 50, .height_px = 50, .format = ImageFormat::avif, .quality = 95},
      {.name = "b", .width_px = 50, .height_px = 50, .format = ImageFormat::png}};
  const auto made = thumbnailer.make(request, {});
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  const auto picture = [&](std::size_t i) {
    return decode_picture(made->renditions.at(i).bytes.to_string().value());
  };
  EXPECT_LT(mean_difference(picture(0), picture(1)), 3);
}

}  // namespace
}  // namespace thumbmill
