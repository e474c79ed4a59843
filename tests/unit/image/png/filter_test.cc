#include "image/png/filter.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "png_files.h"

namespace thumbmill {
namespace {

TEST(PngFilter, PredictsAsTheSpecificationDoes) {
  for (int left = 0; left < 256; ++left) {
    for (int above = 0; above < 256; ++above) {
      for (int corner = 0; corner < 256; ++corner) {
        const int p = left + above - corner;
        const int from_left = std::abs(p - left);
        const int from_above = std::abs(p - above);
        const int from_corner = std::abs(p - corner);
        const int expected = from_left <= from_above && from_left <= from_corner ? left
                             : from_above <= from_corner                         ? above
                                                                                 : corner;
        ASSERT_EQ(paeth(static_cast<std::uint8_t>(left), static_cast<std::uint8_t>(above),
                        static_cast<std::uint8_t>(corner)),
                  expected)
            << left << " " << above << " " << corner;
      }
    }
  }
}

// A header whose pixels have so many bytes.
PngHeader header_of(std::size_t pixel_bytes, std::uint32_t width_px, std::uint32_t height_px) {
  switch (pixel_bytes) {
    case 1:
      return {width_px, height_px, 8, PngColor::grey};
    case 2:
      return {width_px, height_px, 8, PngColor::grey_alpha};
    case 3:
      return {width_px, height_px, 8, PngColor::rgb};
    case 4:
      return {width_px, height_px, 8, PngColor::rgb_alpha};
    case 6:
      return {width_px, height_px, 16, PngColor::rgb};
    default:
      return {width_px, height_px, 16, PngColor::rgb_alpha};
  }
}

// Bands of `band` rows, as they come from the reader.
void expect_unfiltered(const PngHeader& header, const std::vector<int>& filters, std::size_t band,
                       std::uint32_t seed) {
  const std::size_t bytes = header.row_bytes();
  const std::string pixels = random_bytes(bytes * header.height_px, seed);
  const std::string filtered = filter_rows(header, pixels, filters);
  PngUnfilter unfilter(bytes, header.filter_pixel_bytes(), band);
  for (std::size_t done = 0; done < header.height_px;) {
    const std::size_t rows = std::min<std::size_t>(band, header.height_px - done);
    // A copy of just its size, with what may be read behind it, for AddressSanitizer to watch.
    std::vector<std::uint8_t> input(rows * (bytes + 1) + 8);
    std::memcpy(input.data(), filtered.data() + done * (bytes + 1), rows * (bytes + 1));
    ASSERT_EQ(unfilter.run(input.data(), rows), rows);
    for (std::size_t row = 0; row < rows; ++row, ++done) {
      ASSERT_EQ(std::memcmp(unfilter.row(row), pixels.data() + done * bytes, bytes), 0)
          << "row " << done << ", " << header.width_px << " pixels of "
          << header.filter_pixel_bytes();
    }
  }
}

TEST(PngFilter, UndoesEveryFilterAtEveryWidth) {
  for (const std::size_t pixel_bytes : {1, 2, 3, 4, 6, 8}) {
    for (std::uint32_t width = 1; width <= 40; ++width) {
      const PngHeader header = header_of(pixel_bytes, width, 13);
      for (int filter = 0; filter <= 4; ++filter) {
        expect_unfiltered(header, {filter}, 5, width);
      }
    }
  }
}

TEST(PngFilter, UndoesEveryMixtureOfFourRows) {
  for (const std::size_t pixel_bytes : {1, 2, 3, 4, 6, 8}) {
    const PngHeader header = header_of(pixel_bytes, 7, 9);
    for (int mixture = 0; mixture < 625; ++mixture) {
      expect_unfiltered(header, {mixture % 5, mixture / 5 % 5, mixture / 25 % 5, mixture / 125}, 8,
                        static_cast<std::uint32_t>(mixture));
    }
  }
}

TEST(PngFilter, EndsInFrontOfOtherFilters) {
  for (const std::size_t pixel_bytes : {1, 2, 3, 4, 6, 8}) {
    PngUnfilter unfilter(8 * pixel_bytes, pixel_bytes, 4);
    for (int place = 0; place < 4; ++place) {
      std::vector<std::uint8_t> rows(4 * (8 * pixel_bytes + 1) + 8, 4);
      rows[static_cast<std::size_t>(place) * (8 * pixel_bytes + 1)] = 5;
      EXPECT_EQ(unfilter.run(rows.data(), 4), static_cast<std::size_t>(place));
    }
  }
}

}  // namespace
}  // namespace thumbmill
