// The expected hashes are those of the algorithm's own authors: encode() of the npm package
// blurhash 2.0.5, of pictures whose greatest coefficient is positive: of the others its scale is
// not that of the authors' C, which has the greatest by amount.
#include "image/blurhash.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

template <typename Color>
std::string hash_of(std::size_t width, std::size_t height, Color color) {
  std::vector<std::uint8_t> pixels;
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (const std::size_t value : color(x, y)) {
        pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return blurhash(pixels, width, height);
}

using Color = std::array<std::size_t, 3>;

TEST(Blurhash, IsThatOfItsAuthors) {
  const auto black = [](std::size_t, std::size_t) { return Color{0, 0, 0}; };
  EXPECT_EQ(hash_of(8, 8, black), "L00000fQfQfQfQfQfQfQfQfQfQfQ");
  const auto white = [](std::size_t, std::size_t) { return Color{255, 255, 255}; };
  EXPECT_EQ(hash_of(8, 8, white), "LfTSUA~qfQ~q~qt7fQt7fQfQfQfQ");
  const auto shades = [](std::size_t x, std::size_t y) {
    return Color{248 - x * 8, 240 - y * 10, (x * 7 + y * 13) % 256};
  };
  EXPECT_EQ(hash_of(32, 24, shades), "L*H2Zn|?$6xGq9objpkAgbfdfSfm");
  const auto steep = [](std::size_t x, std::size_t y) {
    return Color{x * 50, 255 - y * 36, (x * y * 9) % 256};
  };
  EXPECT_EQ(hash_of(5, 7, steep), "L~Eg[kGQSKx@uVXla}o[g[g1fQf~");
}

TEST(Blurhash, OfOnePixel) {
  const auto orange = [](std::size_t, std::size_t) { return Color{200, 100, 50}; };
  EXPECT_EQ(hash_of(1, 1, orange), "L~M|T9}=}=}=}=}=}=}=}=}=}=}=");
}

}  // namespace
}  // namespace thumbmill
