#include "image/png/reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "pictures.h"
#include "planar/naive_reduce.h"
#include "png_files.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kInBands = 0;  // inflate so whatever the size

struct Kind {
  PngColor color;
  int depth_bits;
};

const std::vector<Kind> kKinds{
    {PngColor::grey, 1},        {PngColor::grey, 2},      {PngColor::grey, 4},
    {PngColor::grey, 8},        {PngColor::grey, 16},     {PngColor::rgb, 8},
    {PngColor::rgb, 16},        {PngColor::palette, 1},   {PngColor::palette, 2},
    {PngColor::palette, 4},     {PngColor::palette, 8},   {PngColor::grey_alpha, 8},
    {PngColor::grey_alpha, 16}, {PngColor::rgb_alpha, 8}, {PngColor::rgb_alpha, 16}};

class PngReader : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("png_reader_test"), 0); }

  // What vips_pngload makes of it, averaged plainly.
  static planar::Picture expected(const std::string& file, std::size_t side) {
    const VipsImagePtr image =
        make_image([&](VipsImage** out) {
          return vips_pngload_buffer(const_cast<char*>(file.data()), file.size(), out, nullptr);
        }).value();
    std::size_t size = 0;
    void* memory = vips_image_write_to_memory(image.get(), &size);
    const std::string pixels(static_cast<const char*>(memory), size);
    g_free(memory);
    return planar::naive_reduce(
        pixels, static_cast<std::size_t>(image->Xsize), static_cast<std::size_t>(image->Ysize),
        static_cast<std::size_t>(image->Bands), vips_image_hasalpha(image.get()) != 0,
        image->BandFmt == VIPS_FORMAT_USHORT, side);
  }

  static void expect_as_libvips(const std::string& file, std::size_t side) {
    const planar::Picture right = expected(file, side);
    for (const std::uint64_t whole_bytes : {kPngWholeBytes, kInBands}) {
      const auto made = read(file, side, whole_bytes);
      ASSERT_TRUE(made.has_value());
      ASSERT_LE(planar::greatest_difference(*made, right), side == 1 && !right.has_alpha ? 0 : 1);
    }
  }

  static std::optional<planar::Picture> read(const std::string& file, std::size_t side,
                                             std::uint64_t whole_bytes = kPngWholeBytes) {
    const auto parts = take_png_apart(file);
    return parts.ok() ? read_png(*parts, side, nullptr, whole_bytes) : std::nullopt;
  }

  // The whole picture's planes, in both ways of inflating.
  static planar::Picture planes(const std::string& file) {
    const auto at_once = read(file, 1);
    const auto in_bands = read(file, 1, kInBands);
    EXPECT_TRUE(at_once && in_bands);
    if (!at_once || !in_bands) return {};
    EXPECT_EQ(planar::greatest_difference(*at_once, *in_bands), 0);
    return *at_once;
  }

  static bool refuses(const std::string& file) {
    const bool at_once = !read(file, 2).has_value();
    EXPECT_EQ(!read(file, 2, kInBands).has_value(), at_once);
    return at_once;
  }

  // The first `rows` are those of `whole`, which is opaque; the others are clear.
  static void expect_rows(const planar::Picture& made, const planar::Picture& whole,
                          std::size_t rows) {
    const std::size_t colors = whole.planes.size();
    const std::size_t width = whole.planes[0].width;
    ASSERT_EQ(made.has_alpha, rows < whole.planes[0].height);
    ASSERT_EQ(made.planes.size(), colors + (made.has_alpha ? 1 : 0));
    for (std::size_t y = 0; y < whole.planes[0].height; ++y) {
      for (std::size_t c = 0; c < colors; ++c) {
        const auto* row = made.planes[c].row(y);
        if (y < rows) {
          ASSERT_TRUE(std::equal(row, row + width, whole.planes[c].row(y))) << y;
        } else {
          ASSERT_EQ(std::count(row, row + width, 0), static_cast<std::ptrdiff_t>(width)) << y;
        }
      }
      if (!made.has_alpha) continue;
      const auto* alpha = made.planes[colors].row(y);
      ASSERT_EQ(std::count(alpha, alpha + width, y < rows ? 255 : 0),
                static_cast<std::ptrdiff_t>(width))
          << y;
    }
  }
};

TEST_F(PngReader, ReadsEveryKindWithEveryFilterAtEveryWidth) {
  for (const Kind& kind : kKinds) {
    for (std::uint32_t width = 1; width <= 40; ++width) {
      for (int filter = 0; filter <= 5; ++filter) {
        SCOPED_TRACE(std::to_string(static_cast<int>(kind.color)) + ", " +
                     std::to_string(kind.depth_bits) + " bits, width " + std::to_string(width) +
                     ", filter " + std::to_string(filter));
        PngFile file = random_png(kind.color, kind.depth_bits, width, 19, width);
        if (filter < 5) file.filters = {filter};
        expect_as_libvips(png_file(file), 1 + width % 4);
      }
    }
  }
}

TEST_F(PngReader, ReadsTransparency) {
  for (const Kind& kind : kKinds) {
    for (std::uint32_t width : {1u, 8u, 33u}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind.color)) + ", " +
                   std::to_string(kind.depth_bits) + " bits, width " + std::to_string(width));
      PngFile file = random_png(kind.color, kind.depth_bits, width, 19, width);
      if (kind.color == PngColor::palette) {
        file.transparency = random_bytes(file.palette.size() / 3 - width % 2, 7);
      } else if (kind.color == PngColor::grey || kind.color == PngColor::rgb) {
        // The colour of the first pixel, so that there are some.
        const std::size_t bytes = file.header.channels() * (kind.depth_bits == 16 ? 2 : 1);
        for (std::size_t i = 0; i < bytes; ++i) {
          const char value = kind.depth_bits >= 8
                                 ? file.pixels[i]
                                 : static_cast<char>(static_cast<unsigned char>(file.pixels[0]) >>
                                                     (8 - kind.depth_bits));
          if (kind.depth_bits < 16) file.transparency += '\0';
          file.transparency += value;
        }
      } else {
        continue;
      }
      for (const std::size_t side : {1, 2, 3}) expect_as_libvips(png_file(file), side);
    }
  }
}

TEST_F(PngReader, ReadsMoreRowsThanABand) {
  for (const std::uint32_t height : {15u, 16u, 17u, 100u}) {
    PngFile file = random_png(PngColor::rgb, 8, 31, height, height);
    file.data_bytes = 7;
    expect_as_libvips(png_file(file), 3);
    file.filters = {4};
    expect_as_libvips(png_file(file), 3);
  }
}

TEST_F(PngReader, ReadsInterlacedOnesOfEveryKindAndSize) {
  for (const Kind& kind : kKinds) {
    for (std::uint32_t width = 1; width <= 18; ++width) {
      const std::uint32_t height =
          1 + (width * 7 + static_cast<std::uint32_t>(kind.depth_bits)) % 18;
      SCOPED_TRACE(std::to_string(static_cast<int>(kind.color)) + ", " +
                   std::to_string(kind.depth_bits) + " bits, " + std::to_string(width) + " x " +
                   std::to_string(height));
      PngFile file = random_png(kind.color, kind.depth_bits, width, height, width);
      file.header.interlaced = true;
      if (kind.color == PngColor::palette) file.transparency = "abc";
      if (kind.color == PngColor::rgb) file.transparency = std::string("\0\1\0\2\0\3", 6);
      if (file.transparency.size() * 3 > file.palette.size() && !file.palette.empty()) {
        file.transparency.clear();
      }
      expect_as_libvips(png_file(file), 1 + width % 3);
    }
  }
}

// A file around any image data.
std::string around(const PngHeader& header, const std::string& data) {
  return png_of_chunks({png_header_chunk(header), png_chunk("IDAT", data), png_chunk("IEND", "")});
}

TEST_F(PngReader, ShowsTheRowsInFrontOfACut) {
  const PngHeader header{9, 40, 8, PngColor::rgb};
  const std::string pixels = random_bytes(header.row_bytes() * header.height_px, 3);
  const std::string rows = filter_rows(header, pixels, {0, 1, 2, 3, 4});
  const std::size_t stride = header.row_bytes() + 1;
  const planar::Picture whole = planes(around(header, zlib_stream(rows)));
  ASSERT_FALSE(whole.has_alpha);
  for (std::size_t size = 0; size <= rows.size(); size += 5) {
    SCOPED_TRACE(size);
    // A stream that is in order, but short; and one that stops without an end.
    const std::string stored = zlib_stream(rows.substr(0, size));
    if (size < stride) {
      EXPECT_TRUE(refuses(around(header, stored)));
      continue;
    }
    expect_rows(planes(around(header, stored)), whole, size / stride);
  }
  // Without a checksum, or a part of it, nothing is missing.
  const std::string data = zlib_stream(rows);
  for (std::size_t missing = 1; missing <= 4; ++missing) {
    expect_rows(planes(around(header, data.substr(0, data.size() - missing))), whole, 40);
  }
}

TEST_F(PngReader, GivesWhatZlibGivesOfEveryPrefix) {
  const PngHeader header{7, 30, 8, PngColor::rgb};
  std::string pixels = random_bytes(header.row_bytes() * header.height_px, 4);
  for (std::size_t i = 0; i < pixels.size(); i += 2) pixels[i] = 'x';
  const std::string rows = filter_rows(header, pixels, {0});
  const std::string data = zlib_stream(rows);
  const planar::Picture whole = planes(around(header, data));
  for (std::size_t size = 0; size < data.size(); ++size) {
    SCOPED_TRACE(size);
    std::string out(rows.size(), '\0');
    z_stream zlib{};
    ASSERT_EQ(inflateInit(&zlib), Z_OK);
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    zlib.avail_in = static_cast<uInt>(size);
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = static_cast<uInt>(out.size());
    inflate(&zlib, Z_NO_FLUSH);
    const std::size_t there = (out.size() - zlib.avail_out) / (header.row_bytes() + 1);
    inflateEnd(&zlib);
    const std::string file = around(header, data.substr(0, size));
    if (there == 0) {
      EXPECT_TRUE(refuses(file));
    } else {
      expect_rows(planes(file), whole, there);
    }
  }
}

TEST_F(PngReader, EndsInFrontOfAFilterThatIsNotKnown) {
  const PngHeader header{9, 20, 8, PngColor::rgb};
  const std::string pixels = random_bytes(header.row_bytes() * header.height_px, 3);
  const std::string rows = filter_rows(header, pixels, {4});
  const planar::Picture whole = planes(around(header, zlib_stream(rows)));
  for (std::size_t row = 0; row < header.height_px; ++row) {
    SCOPED_TRACE(row);
    std::string wrong = rows;
    wrong[row * (header.row_bytes() + 1)] = 5;
    const std::string file = around(header, zlib_stream(wrong));
    if (row == 0) {
      EXPECT_TRUE(refuses(file));
    } else {
      expect_rows(planes(file), whole, row);
    }
  }
}

TEST_F(PngReader, PassesOverWhatChangesNoRow) {
  const PngHeader header{9, 20, 8, PngColor::rgb};
  const std::string pixels = random_bytes(header.row_bytes() * header.height_px, 3);
  const std::string rows = filter_rows(header, pixels, {4});
  const std::string data = zlib_stream(rows);
  const planar::Picture whole = planes(around(header, data));
  std::string wrong_sum = data;
  wrong_sum.back() = static_cast<char>(wrong_sum.back() ^ 1);
  for (const std::string& other :
       {data + "x", zlib_stream(rows + "x"), zlib_stream(rows + rows), wrong_sum}) {
    expect_rows(planes(around(header, other)), whole, 20);
  }
}

TEST_F(PngReader, RefusesWhatIsNoZlibStream) {
  const PngHeader header{9, 20, 8, PngColor::rgb};
  const std::string rows(header.raw_bytes(), '\0');
  std::string wrong_check = zlib_stream(rows), dictionary = wrong_check, method = wrong_check;
  wrong_check[1] = static_cast<char>(wrong_check[1] ^ 1);
  dictionary.replace(0, 2, "\x78\xbb");
  method.replace(0, 2, "\x77\x85");
  for (const std::string& data : {std::string(), std::string("x"), wrong_check, dictionary, method,
                                  zlib_stream(rows).substr(2)}) {
    EXPECT_TRUE(refuses(around(header, data)));
  }
}

// A picture that is cut off keeps its colours up to the very edge, and is clear behind it.
TEST_F(PngReader, CutsWithinABox) {
  const PngHeader header{12, 24, 8, PngColor::rgb};
  std::string pixels;
  for (std::size_t i = 0; i < 12 * 24; ++i) pixels += "\x40\x80\xf0";
  const std::string rows = filter_rows(header, pixels, {0});
  const std::string data = zlib_stream(rows.substr(0, 10 * (header.row_bytes() + 1)));
  const auto made = read(around(header, data), 4);
  ASSERT_TRUE(made && made->has_alpha);
  const planar::Plane& alpha = made->planes[3];
  EXPECT_EQ(alpha.row(0)[0], 255);
  EXPECT_NEAR(alpha.row(2)[1], 128, 3);  // of which two rows of four are there
  EXPECT_EQ(alpha.row(4)[2], 0);
  for (std::size_t y = 0; y < 6; ++y) {
    for (std::size_t x = 0; x < 3; ++x) {
      EXPECT_NEAR(made->planes[0].row(y)[x], alpha.row(y)[x] * 0x40 / 255, 4);
      EXPECT_NEAR(made->planes[2].row(y)[x], alpha.row(y)[x] * 0xf0 / 255, 4);
    }
  }
}

TEST_F(PngReader, FillsInterlacedOnesThatAreCut) {
  PngFile file = random_png(PngColor::grey, 8, 20, 20, 5);
  file.header.interlaced = true;
  const auto pixel = [&](std::size_t x, std::size_t y) {
    return static_cast<std::uint8_t>(file.pixels[y * 20 + x]);
  };
  const std::string rows = filtered_rows(file);
  // The first pass has three rows of three pixels, of which two are there.
  const planar::Picture first = planes(around(file.header, zlib_stream(rows.substr(0, 8 + 2))));
  ASSERT_TRUE(first.has_alpha);
  for (std::size_t y = 0; y < 20; ++y) {
    for (std::size_t x = 0; x < 20; ++x) {
      ASSERT_EQ(first.planes[0].row(y)[x], y < 16 ? pixel(x / 8 * 8, y / 8 * 8) : 0);
      ASSERT_EQ(first.planes[1].row(y)[x], y < 16 ? 255 : 0);
    }
  }
  // And the second pass, of the same rows and two pixels: one row is there.
  const planar::Picture second =
      planes(around(file.header, zlib_stream(rows.substr(0, 12 + 3 + 1))));
  ASSERT_FALSE(second.has_alpha);
  for (std::size_t y = 0; y < 20; ++y) {
    for (std::size_t x = 0; x < 20; ++x) {
      const std::size_t step = y < 8 ? 4 : 8;
      ASSERT_EQ(second.planes[0].row(y)[x], pixel(x / step * step, y / 8 * 8));
    }
  }
}

TEST_F(PngReader, TakesDistancesBeyondTheDeclaredWindow) {
  // Noise that comes again after 20,000 bytes: a match that far back, in a stream that says 32 KiB
  // and then in one that says 256 bytes.
  const PngHeader header{100, 401, 8, PngColor::grey};
  const std::string noise = random_bytes(100 * 200, 4);
  const std::string rows = filter_rows(header, noise + noise + noise.substr(0, 100), {0});
  std::string data = zlib_stream(rows);
  ASSERT_LT(data.size(), 25'000u);
  const planar::Picture whole = planes(around(header, data));
  data[0] = '\x08';
  data[1] = '\x1d';  // makes it divisible by 31 (RFC 1950 2.2)
  expect_rows(planes(around(header, data)), whole, 401);
}

TEST_F(PngReader, TakesIndicesBeyondThePaletteForItsLast) {
  for (const int depth : {2, 4, 8}) {
    PngFile file = random_png(PngColor::palette, depth, 9, 9, 1);
    file.palette.resize(9);
    file.transparency = "\x10\x20\x30";
    PngFile right = file;
    while (right.palette.size() < 3u << depth) {
      right.palette += file.palette.substr(6);
      right.transparency += '\x30';
    }
    EXPECT_EQ(planar::greatest_difference(planes(png_file(file)), planes(png_file(right))), 0);
  }
}

TEST_F(PngReader, ComparesTransparentColorsInTheBitsThatCount) {
  PngFile file = random_png(PngColor::grey, 4, 9, 9, 1);
  file.transparency = std::string("\0\3", 2);
  PngFile high = file;
  high.transparency = "\x12\xf3";
  EXPECT_EQ(planar::greatest_difference(planes(png_file(file)), planes(png_file(high))), 0);
}

TEST_F(PngReader, RefusesALargePictureWithoutData) {
  EXPECT_TRUE(refuses(around({10'000, 10'000, 16, PngColor::rgb_alpha}, zlib_stream(""))));
  EXPECT_TRUE(refuses(around({5'000, 5'000, 8, PngColor::rgb_alpha, true}, zlib_stream(""))));
}

TEST_F(PngReader, StopsBombs) {
  // Inflates to 128 MB of zeros: the size in the header decides how much of it is.
  z_stream zlib{};
  ASSERT_EQ(deflateInit(&zlib, 1), Z_OK);
  std::string zeros(1 << 20, '\0');
  std::string data(2 << 20, '\0');
  zlib.next_out = reinterpret_cast<Bytef*>(data.data());
  zlib.avail_out = static_cast<uInt>(data.size());
  for (int i = 0; i < 128; ++i) {
    zlib.next_in = reinterpret_cast<Bytef*>(zeros.data());
    zlib.avail_in = static_cast<uInt>(zeros.size());
    ASSERT_EQ(deflate(&zlib, i == 127 ? Z_FINISH : Z_NO_FLUSH), i == 127 ? Z_STREAM_END : Z_OK);
  }
  data.resize(zlib.total_out);
  deflateEnd(&zlib);
  EXPECT_FALSE(planes(around({100, 100, 8, PngColor::rgb}, data)).has_alpha);
}

}  // namespace
}  // namespace thumbmill
