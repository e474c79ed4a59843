#include "image/planar/box_reduce.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "naive_reduce.h"
#include "png_files.h"

namespace thumbmill::planar {
namespace {

struct Shape {
  std::size_t channels;
  bool has_alpha;
  bool wide;
};

const std::vector<Shape> kShapes{
    {1, false, false}, {2, true, false}, {3, false, false}, {4, true, false},  {1, false, true},
    {2, true, true},   {3, false, true}, {4, true, true},   {4, false, false}, {4, false, true}};

void expect_exact(const Shape& shape, std::size_t width, std::size_t height, std::size_t side,
                  const std::string& bytes) {
  const auto reducer =
      make_box_reducer(width, height, shape.channels, shape.has_alpha, shape.wide, side);
  const std::size_t row_bytes = width * shape.channels * (shape.wide ? 2 : 1);
  for (std::size_t y = 0; y < height; ++y) {
    // As much behind the row as the contract says.
    std::vector<std::uint16_t> row((row_bytes + 1) / 2 + (shape.wide ? 0 : 8));
    std::memcpy(row.data(), bytes.data() + y * row_bytes, row_bytes);
    reducer->add(row.data());
  }
  const Picture made = reducer->take();
  const Picture expected =
      naive_reduce(bytes, width, height, shape.channels, shape.has_alpha, shape.wide, side);
  // Single precision may round a tie the other way, and alpha is rounded before it is used where a
  // box is one pixel; without alpha such a box stays what it was.
  ASSERT_LE(greatest_difference(made, expected), side == 1 && !shape.has_alpha ? 0 : 1)
      << shape.channels << " channels, " << width << " x " << height << " by " << side;
}

TEST(BoxReduce, DoesAsThePlainestWay) {
  for (const Shape& shape : kShapes) {
    for (std::size_t width = 1; width <= 40; ++width) {
      for (const std::size_t side : {1, 2, 3, 4, 5, 7, 16, 255}) {
        const std::size_t height = 1 + width * 7 % 19;
        expect_exact(shape, width, height, side,
                     random_bytes(width * height * shape.channels * (shape.wide ? 2 : 1),
                                  static_cast<std::uint32_t>(width * 300 + side)));
      }
    }
  }
}

TEST(BoxReduce, HoldsTheGreatestSums) {
  for (const Shape& shape : kShapes) {
    const std::size_t size = kMostBoxSide * kMostBoxSide * shape.channels * (shape.wide ? 2 : 1);
    expect_exact(shape, kMostBoxSide, kMostBoxSide, kMostBoxSide, std::string(size, '\xff'));
  }
}

TEST(BoxReduce, DoesNotLetClearPixelsBleed) {
  const std::string left_red_right_clear_green("\xff\x00\x00\xff\x00\xff\x00\x00", 8);
  const auto reducer = make_box_reducer(2, 1, 4, true, false, 2);
  std::string row = left_red_right_clear_green + std::string(16, '\0');
  reducer->add(row.data());
  const Picture made = reducer->take();
  ASSERT_EQ(made.planes.size(), 4u);
  for (const auto& [plane, value] : {std::pair{0, 128}, {1, 0}, {2, 0}, {3, 128}}) {
    EXPECT_EQ(made.planes.at(static_cast<std::size_t>(plane)).samples.at(0), value) << plane;
  }
}

TEST(BoxReduce, KeepsFlatAreas) {
  for (std::size_t side = 1; side < 9; ++side) {
    const BoxTaps taps = taps_of(side);
    EXPECT_NEAR(taps.here + 2 * taps.beside, 1, 1e-12);
  }
  EXPECT_EQ(taps_of(1).beside, 0);
}

TEST(BoxReduce, CoversEverythingOnce) {
  for (std::size_t pixels = 1; pixels < 100; ++pixels) {
    for (std::size_t side = 1; side < 40; ++side) {
      const BoxGrid grid(pixels, side);
      EXPECT_EQ(grid.begin(0), 0u);
      EXPECT_EQ(grid.end(grid.count() - 1), pixels);
      for (std::size_t box = 0; box < grid.count(); ++box) {
        EXPECT_LT(grid.begin(box), grid.end(box));
        EXPECT_EQ(grid.begin(box), box == 0 ? 0 : grid.end(box - 1));
      }
    }
  }
}

}  // namespace
}  // namespace thumbmill::planar
