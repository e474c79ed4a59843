#include "image/planar/rows.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "decoded_pixels.h"

namespace thumbmill::planar {
namespace {

// `count` rows of 255s in a picture of `shape`, for a rendition of `side` pixels.
Result<Decoded> reduce(const RowShape& shape, std::size_t count, std::uint32_t side) {
  ThumbnailRequest request;
  request.renditions = {RenditionSpec{.width_px = side, .height_px = side}};
  const std::vector<std::uint8_t> row(
      shape.size.width * shape.channels * (shape.wide ? 2 : 1) + kRowPadding, 255);
  return reduce_rows(request, shape, [&]() -> const void* {
    if (count == 0) return nullptr;
    --count;
    return row.data();
  });
}

TEST(Rows, MissingOnesAreClear) {
  for (const std::size_t channels : {1u, 2u, 3u, 4u}) {
    for (const bool wide : {false, true}) {
      const RowShape shape{{40, 40}, channels, channels % 2 == 0, wide};
      const auto whole = decoded_pixels(reduce(shape, 30, 40).value());
      const Rgba white{255, 255, 255, 255};
      EXPECT_EQ(whole.at(39, 29), white);
      EXPECT_EQ(whole.at(0, 30), (Rgba{0, 0, 0, 0}));
      const auto small = reduce(shape, 34, 5);  // boxes of four
      ASSERT_TRUE(small.ok());
      const Plane& alpha = small->picture.planes.back();
      ASSERT_EQ(alpha.height, 10u);
      EXPECT_EQ(alpha.row(6)[3], 255);
      EXPECT_NEAR(alpha.row(8)[3], 127, 6);
      EXPECT_EQ(alpha.row(9)[3], 0);
      for (const Plane& plane : small->picture.planes) {
        for (std::size_t y = 0; y < 10; ++y) EXPECT_LE(plane.row(y)[9], alpha.row(y)[9]);
      }
    }
  }
}

TEST(Rows, AWholePictureStaysOpaque) {
  const auto decoded = reduce({{10, 10}, 3, false, false}, 10, 10);
  ASSERT_TRUE(decoded.ok());
  EXPECT_FALSE(decoded->picture.has_alpha);
  EXPECT_EQ(decoded->picture.planes.size(), 3u);
}

TEST(Rows, WithoutARowThereIsNoPicture) {
  EXPECT_EQ(reduce({{10, 10}, 3, false, false}, 0, 10).status().code(), Code::corrupt_input);
}

TEST(Rows, BottomRowsMayComeFirst) {
  const auto decoded = reduce({{4, 4}, 1, false, false, 4}, 1, 4);
  ASSERT_TRUE(decoded.ok());
  const auto pixels = decoded_pixels(*decoded);
  EXPECT_EQ(pixels.at(0, 3), (Rgba{255, 255, 255, 255}));
  EXPECT_EQ(pixels.at(0, 2), (Rgba{0, 0, 0, 0}));
}

}  // namespace
}  // namespace thumbmill::planar
