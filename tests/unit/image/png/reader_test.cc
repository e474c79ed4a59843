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
                                             std::uint64_t whole_bytes) {
    const auto parts = take_png_apart(file);
    return parts ? read_png(*parts, side, whole_bytes) : std::nullopt;
  }

  // Both ways of inflating.
  static bool declines(const std::string& file) {
    const bool at_once = !read(file, 2, kPngWholeBytes).has_value();
    EXPECT_EQ(!read(file, 2, kInBands).has_value(), at_once);
    return at_once;
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

TEST_F(PngReader, DeclinesEveryPrefix) {
  PngFile file = random_png(PngColor::rgb, 8, 5, 4, 2);
  file.data_bytes = 30;
  const std::string whole = png_file(file);
  EXPECT_FALSE(declines(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(declines(whole.substr(0, size))) << size;
  }
}

// A file around any image data.
std::string around(const PngHeader& header, const std::string& data) {
  return "\x89PNG\r\n\x1a\n" + png_header_chunk(header) + png_chunk("IDAT", data) +
         png_chunk("IEND", "");
}

TEST_F(PngReader, DeclinesFaultyImageData) {
  const PngHeader header{9, 20, 8, PngColor::rgb};
  const std::string pixels = random_bytes(header.row_bytes() * header.height_px, 3);
  const std::string rows = filter_rows(header, pixels, {4});
  const std::string data = zlib_stream(rows);
  EXPECT_FALSE(declines(around(header, data)));
  EXPECT_TRUE(declines(around(header, "")));
  EXPECT_TRUE(declines(around(header, data + "x")));
  EXPECT_TRUE(declines(around(header, zlib_stream(rows + "x"))));
  EXPECT_TRUE(declines(around(header, zlib_stream(rows.substr(1)))));
  for (std::size_t size = 0; size < data.size(); ++size) {
    EXPECT_TRUE(declines(around(header, data.substr(0, size)))) << size;
  }
  std::string wrong_sum = data;
  wrong_sum.back() = static_cast<char>(wrong_sum.back() ^ 1);
  EXPECT_TRUE(declines(around(header, wrong_sum)));
  std::string wrong_filter = rows;
  wrong_filter[5 * (header.row_bytes() + 1)] = 5;
  EXPECT_TRUE(declines(around(header, zlib_stream(wrong_filter))));
}

TEST_F(PngReader, DeclinesDistancesBeyondTheDeclaredWindow) {
  // Noise that comes again after 20,000 bytes: a match that far back, in a stream that says 32 KiB
  // and then in one that says 256 bytes, which libpng holds it to.
  const PngHeader header{100, 401, 8, PngColor::grey};
  const std::string noise = random_bytes(100 * 200, 4);
  const std::string rows = filter_rows(header, noise + noise + noise.substr(0, 100), {0});
  std::string data = zlib_stream(rows);
  ASSERT_LT(data.size(), 25'000u);
  EXPECT_FALSE(declines(around(header, data)));
  data[0] = '\x08';
  data[1] = '\x1d';  // makes it divisible by 31 (RFC 1950 2.2)
  EXPECT_TRUE(declines(around(header, data)));
}

TEST_F(PngReader, DeclinesIndicesBeyondThePalette) {
  PngFile file = random_png(PngColor::palette, 8, 9, 9, 1);
  file.palette.resize(3 * 200);
  std::fill(file.pixels.begin(), file.pixels.end(), '\xc7');
  EXPECT_FALSE(declines(png_file(file)));
  file.pixels[40] = '\xc8';
  EXPECT_TRUE(declines(png_file(file)));
}

TEST_F(PngReader, DeclinesALargePictureWithoutData) {
  EXPECT_TRUE(declines(around({10'000, 10'000, 16, PngColor::rgb_alpha}, zlib_stream(""))));
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
  EXPECT_TRUE(declines(around({100, 100, 8, PngColor::rgb}, data)));
  EXPECT_TRUE(declines(around({20'000, 20'000, 8, PngColor::rgb}, data)));  // above max-pixels
}

}  // namespace
}  // namespace thumbmill
