#include "image/png/container.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "png_files.h"

namespace thumbmill {
namespace {

const std::string kSignature = "\x89PNG\r\n\x1a\n";

std::string data_chunk(const PngHeader& header) {
  const std::string pixels(header.row_bytes() * header.height_px, '\0');
  return png_chunk("IDAT", zlib_stream(filter_rows(header, pixels, {0})));
}

// A file out of whole chunks.
bool takes(const std::vector<std::string>& chunks) {
  std::string file = kSignature;
  for (const std::string& chunk : chunks) file += chunk;
  return take_png_apart(file).has_value();
}

class PngContainer : public ::testing::Test {
 protected:
  const PngHeader rgb_{5, 4, 8, PngColor::rgb};
  const PngHeader indexed_{5, 4, 2, PngColor::palette};
  const std::string header_ = png_header_chunk(rgb_);
  const std::string data_ = data_chunk(rgb_);
  const std::string indexed_header_ = png_header_chunk(indexed_);
  const std::string indexed_data_ = data_chunk(indexed_);
  const std::string palette_ = png_chunk("PLTE", std::string(9, 'x'));
  const std::string end_ = png_chunk("IEND", "");
};

TEST_F(PngContainer, TakesPlainFilesApart) {
  PngFile file = random_png(PngColor::palette, 4, 7, 3, 1);
  file.transparency = std::string(5, '\x10');
  file.data_bytes = 3;
  const std::string bytes = png_file(file);
  const auto parts = take_png_apart(bytes);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->header.width_px, 7u);
  EXPECT_EQ(parts->header.height_px, 3u);
  EXPECT_EQ(parts->header.depth_bits, 4);
  EXPECT_EQ(parts->header.row_bytes(), 4u);
  EXPECT_EQ(parts->header.filter_pixel_bytes(), 1u);
  EXPECT_EQ(parts->header.raw_bytes(), 15u);
  EXPECT_EQ(parts->palette, file.palette);
  EXPECT_EQ(parts->transparency, file.transparency);
  std::string data;
  for (const std::string_view piece : parts->data) data += piece;
  EXPECT_EQ(data, zlib_stream(filter_rows(file.header, file.pixels, file.filters)));
}

TEST_F(PngContainer, TakesOtherChunksThatAreNotCritical) {
  EXPECT_TRUE(takes({header_, data_, end_}));
  EXPECT_TRUE(takes({header_, png_chunk("iDOT", "abc"), data_, png_chunk("tEXt", "a"), end_}));
  EXPECT_TRUE(takes({header_, png_chunk("PLTE", "abc"), data_, end_}));  // a suggestion, for RGB
  EXPECT_TRUE(takes({header_, data_, data_, end_}));
  EXPECT_TRUE(takes({header_, data_, end_, "anything"}));
  EXPECT_TRUE(takes({indexed_header_, palette_, indexed_data_, end_}));
}

TEST_F(PngContainer, DeclinesWhatIsOutOfTheOrdinary) {
  EXPECT_FALSE(takes({}));
  EXPECT_FALSE(takes({data_, end_}));
  EXPECT_FALSE(takes({png_chunk("CgBI", "abcd"), header_, data_, end_}));
  EXPECT_FALSE(takes({header_, header_, data_, end_}));
  EXPECT_FALSE(takes({header_, end_}));
  EXPECT_FALSE(takes({header_, data_}));
  EXPECT_FALSE(takes({header_, data_, png_chunk("IEND", "x")}));
  EXPECT_FALSE(takes({header_, data_, png_chunk("tEXt", "a"), data_, end_}));
  EXPECT_FALSE(takes({header_, png_chunk("ABCD", ""), data_, end_}));
  EXPECT_FALSE(takes({header_, png_chunk("ab1d", ""), data_, end_}));
  for (const char* type : {"acTL", "fcTL", "fdAT"}) {
    EXPECT_FALSE(takes({header_, png_chunk(type, "abcd"), data_, end_})) << type;
  }
  EXPECT_FALSE(takes({png_header_chunk(rgb_, 1), data_, end_}));  // interlaced
}

TEST_F(PngContainer, DeclinesPalettesOutOfPlaceOrRange) {
  const auto with_palette = [](std::size_t bytes) {
    return png_chunk("PLTE", std::string(bytes, 'x'));
  };
  EXPECT_FALSE(takes({indexed_header_, indexed_data_, end_}));
  EXPECT_FALSE(takes({indexed_header_, indexed_data_, palette_, end_}));
  EXPECT_FALSE(takes({indexed_header_, palette_, palette_, indexed_data_, end_}));
  for (const std::size_t bytes : {0, 1, 8, 15, 1000}) {
    EXPECT_FALSE(takes({indexed_header_, with_palette(bytes), indexed_data_, end_})) << bytes;
  }
  const PngHeader grey{5, 4, 8, PngColor::grey};
  EXPECT_FALSE(takes({png_header_chunk(grey), palette_, data_chunk(grey), end_}));
}

TEST_F(PngContainer, DeclinesTransparencyOutOfPlaceOrRange) {
  const auto clear = [](const std::string& data) { return png_chunk("tRNS", data); };
  using namespace std::string_literals;
  EXPECT_TRUE(takes({header_, clear("\0\x01\0\x02\0\xff"s), data_, end_}));
  EXPECT_FALSE(takes({header_, clear("\0\x01\x01\x02\0\xff"s), data_, end_}));
  EXPECT_FALSE(takes({header_, clear("\0\x01"s), data_, end_}));
  EXPECT_FALSE(takes({header_, data_, clear("\0\x01\0\x02\0\xff"s), end_}));
  EXPECT_TRUE(takes({indexed_header_, palette_, clear("abc"), indexed_data_, end_}));
  EXPECT_FALSE(takes({indexed_header_, palette_, clear("abcd"), indexed_data_, end_}));
  EXPECT_FALSE(takes({indexed_header_, clear("abc"), palette_, indexed_data_, end_}));
  const PngHeader alpha{5, 4, 8, PngColor::rgb_alpha};
  EXPECT_FALSE(
      takes({png_header_chunk(alpha), clear("\0\x01\0\x02\0\xff"s), data_chunk(alpha), end_}));
}

TEST_F(PngContainer, ChecksTheHeader) {
  const auto takes_header = [&](const PngHeader& header) {
    return takes({png_header_chunk(header), palette_, png_chunk("IDAT", "x"), end_}) ||
           takes({png_header_chunk(header), png_chunk("IDAT", "x"), end_});
  };
  for (int color = 0; color < 9; ++color) {
    for (int depth = 0; depth < 20; ++depth) {
      const bool power = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
      const bool allowed = power && ((color == 0) || (color == 3 && depth <= 8) ||
                                     ((color == 2 || color == 4 || color == 6) && depth >= 8));
      // A palette of three does not fit one bit.
      if (color == 3 && depth == 1) continue;
      EXPECT_EQ(
          takes_header({1, 1, static_cast<std::uint8_t>(depth), static_cast<PngColor>(color)}),
          allowed)
          << color << " " << depth;
    }
  }
  EXPECT_TRUE(takes_header({0x7fffffff, 0x7fffffff, 8, PngColor::grey}));
  EXPECT_FALSE(takes_header({0, 1, 8, PngColor::grey}));
  EXPECT_FALSE(takes_header({1, 0, 8, PngColor::grey}));
  EXPECT_FALSE(takes_header({0x80000000, 1, 8, PngColor::grey}));
}

TEST_F(PngContainer, DeclinesEveryPrefixAndEveryWrongByte) {
  PngFile file = random_png(PngColor::rgb, 8, 5, 4, 2);
  file.data_bytes = 30;
  const std::string whole = png_file(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(take_png_apart(std::string(whole, 0, size)).has_value()) << size;
    std::string damaged = whole;
    damaged[size] = static_cast<char>(damaged[size] ^ 0x21);
    EXPECT_FALSE(take_png_apart(damaged).has_value()) << size;
  }
  EXPECT_TRUE(take_png_apart(whole).has_value());
}

}  // namespace
}  // namespace thumbmill
