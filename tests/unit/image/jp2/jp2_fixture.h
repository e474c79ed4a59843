// What the tests of the JPEG 2000 kernel share.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "image/jp2/jp2_kernel.h"
#include "image/planar/planar_thumbnailer.h"
#include "jp2/made_jp2.h"
#include "pictures.h"

namespace thumbmill {

class Jp2 : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("jp2_kernel_test"), 0); }

  ThumbnailRequest request(const std::string& file, std::uint32_t side) {
    ThumbnailRequest request;
    request.format = ImageFormat::jp2;
    request.source = Blob(file);
    request.renditions = {
        {.name = "thumb", .width_px = side, .height_px = side, .format = ImageFormat::png}};
    request.limits = limits_;
    request.admit = [this](std::uint64_t bytes) {
      ++admissions_;
      admitted_bytes_ = bytes;
      return admission_;
    };
    return request;
  }

  Result<Thumbnails> make(const std::string& file, std::uint32_t side = 64) {
    return thumbnailer_.make(request(file, side), {});
  }

  // The rendition, or a failure of the test.
  Picture picture(const std::string& file, std::uint32_t side = 64) {
    const auto made = make(file, side);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? decode_picture(made->renditions[0].bytes.to_string().value()) : Picture();
  }

  Code code(const std::string& file) { return make(file).status().code(); }

  Result<planar::Decoded> decode(const std::string& file, std::uint32_t side = 64) {
    const auto view = std::string_view(file);
    return jp2::decode_jp2(view, request(file, side));
  }

  planar::PlanarThumbnailer thumbnailer_{{{ImageFormat::jp2, jp2::decode_jp2}},
                                         planar::own_encoders()};
  ImageLimits limits_;
  int admissions_ = 0;
  std::uint64_t admitted_bytes_ = 0;
  Status admission_;
};

inline constexpr std::uint32_t kWidth = 64, kHeight = 48;

// Red | green over blue | yellow, as pictures.h has them.
inline const std::array<int, 4>& quarter(std::uint32_t x, std::uint32_t y, std::uint32_t width,
                                         std::uint32_t height) {
  const bool right = 2 * x >= width, below = 2 * y >= height;
  return below ? (right ? kYellow : kBlue) : (right ? kGreen : kRed);
}

inline MadeCodestream four_quarters(std::uint32_t width = kWidth, std::uint32_t height = kHeight) {
  MadeCodestream made;
  made.width = width;
  made.height = height;
  made.sample = [=](std::size_t c, std::uint32_t x, std::uint32_t y) {
    return quarter(x, y, width, height)[c];
  };
  return made;
}

inline void expect_quarters(const Picture& picture, int tolerance, const std::string& what) {
  const std::uint32_t x = picture.size.width / 4, y = picture.size.height / 4;
  EXPECT_LE(color_distance(picture.at(x, y), kRed), tolerance) << what;
  EXPECT_LE(color_distance(picture.at(3 * x, y), kGreen), tolerance) << what;
  EXPECT_LE(color_distance(picture.at(x, 3 * y), kBlue), tolerance) << what;
  EXPECT_LE(color_distance(picture.at(3 * x, 3 * y), kYellow), tolerance) << what;
}

}  // namespace thumbmill
