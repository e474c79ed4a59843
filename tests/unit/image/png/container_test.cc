#include "image/png/container.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "png_files.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;

using Chunks = std::vector<std::string>;

std::string data_chunk(const PngHeader& header) {
  const std::string pixels(header.row_bytes() * header.height_px, '\0');
  return png_chunk("IDAT", zlib_stream(filter_rows(header, pixels, {0})));
}

Code verdict(const Chunks& chunks) { return take_png_apart(png_of_chunks(chunks)).status().code(); }

bool takes(const Chunks& chunks) { return verdict(chunks) == Code::ok; }

std::string with_wrong_crc(std::string chunk) {
  chunk.back() = static_cast<char>(chunk.back() ^ 1);
  return chunk;
}

class PngContainer : public ::testing::Test {
 protected:
  // What is taken of a palette picture's chunks in front of its data. Owned copies.
  struct Taken {
    std::string palette, transparency;
  };
  Taken of_indexed(const Chunks& front) const {
    Chunks chunks{indexed_header_};
    chunks.insert(chunks.end(), front.begin(), front.end());
    chunks.insert(chunks.end(), {indexed_data_, end_});
    const std::string file = png_of_chunks(chunks);
    const auto parts = take_png_apart(file);
    EXPECT_TRUE(parts.ok());
    if (!parts.ok()) return {};
    return {std::string(parts->palette), std::string(parts->transparency)};
  }

  std::string transparency(const PngHeader& header, const Chunks& front) const {
    Chunks chunks{png_header_chunk(header)};
    chunks.insert(chunks.end(), front.begin(), front.end());
    chunks.push_back(data_chunk(header));
    const std::string file = png_of_chunks(chunks);
    const auto parts = take_png_apart(file);
    EXPECT_TRUE(parts.ok());
    return parts.ok() ? std::string(parts->transparency) : "refused";
  }

  const PngHeader rgb_{5, 4, 8, PngColor::rgb};
  const PngHeader indexed_{5, 4, 2, PngColor::palette};
  const std::string header_ = png_header_chunk(rgb_);
  const std::string data_ = data_chunk(rgb_);
  const std::string indexed_header_ = png_header_chunk(indexed_);
  const std::string indexed_data_ = data_chunk(indexed_);
  const std::string palette_ = png_chunk("PLTE", std::string(9, 'x'));
  const std::string end_ = png_chunk("IEND", "");
};

TEST_F(PngContainer, TakesFilesApart) {
  PngFile file = random_png(PngColor::palette, 4, 7, 3, 1);
  file.transparency = std::string(5, '\x10');
  file.data_bytes = 3;
  const std::string bytes = png_file(file);
  const auto parts = take_png_apart(bytes);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->header.width_px, 7u);
  EXPECT_EQ(parts->header.height_px, 3u);
  EXPECT_EQ(parts->header.depth_bits, 4);
  EXPECT_FALSE(parts->header.interlaced);
  EXPECT_EQ(parts->header.row_bytes(), 4u);
  EXPECT_EQ(parts->header.filter_pixel_bytes(), 1u);
  EXPECT_EQ(parts->header.raw_bytes(), 15u);
  EXPECT_EQ(parts->palette, file.palette);
  EXPECT_EQ(parts->transparency, file.transparency);
  std::string data;
  for (const std::string_view piece : parts->data) data += piece;
  EXPECT_EQ(data, zlib_stream(filtered_rows(file)));
}

TEST_F(PngContainer, CountsTheBytesOfAllPasses) {
  for (std::uint32_t width = 1; width <= 17; ++width) {
    for (std::uint32_t height = 1; height <= 17; ++height) {
      PngFile file = random_png(PngColor::grey, 4, width, height, 1);
      file.header.interlaced = true;
      EXPECT_EQ(file.header.raw_bytes(), filtered_rows(file).size()) << width << " x " << height;
    }
  }
}

TEST_F(PngContainer, PassesOverWhatIsNotCritical) {
  EXPECT_TRUE(takes({header_, data_, end_}));
  EXPECT_TRUE(takes({header_, png_chunk("iDOT", "abc"), data_, png_chunk("tEXt", "a"), end_}));
  EXPECT_TRUE(takes({header_, png_chunk("ab1d", ""), data_, end_}));
  EXPECT_TRUE(takes({header_, with_wrong_crc(png_chunk("tEXt", "a")), data_, end_}));
  EXPECT_TRUE(takes({indexed_header_, palette_, indexed_data_, end_}));
  for (const char* type : {"acTL", "fcTL", "fdAT"}) {
    EXPECT_TRUE(takes({header_, png_chunk(type, "abcd"), data_, png_chunk(type, "abcd")})) << type;
  }
}

TEST_F(PngContainer, JoinsImageDataWhateverStandsBetween) {
  const std::string file =
      png_of_chunks({header_, png_chunk("IDAT", "a"), png_chunk("IDAT", ""), png_chunk("tEXt", "b"),
                     png_chunk("IDAT", "c"), png_chunk("ABCD", ""), png_chunk("IDAT", "d")});
  const auto parts = take_png_apart(file);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->data, (std::vector<std::string_view>{"a", "c"}));
}

TEST_F(PngContainer, TakesWhatThereIsOfACutFile) {
  const std::string whole = png_of_chunks({header_, png_chunk("IDAT", "abcdef"), end_});
  const std::size_t data_at = whole.find("abcdef");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::string file = whole.substr(0, size);
    const auto parts = take_png_apart(file);
    if (size <= data_at) {
      EXPECT_EQ(parts.status().code(), Code::corrupt_input) << size;
    } else {
      ASSERT_TRUE(parts.ok()) << size;
      EXPECT_EQ(parts->data.at(0), whole.substr(data_at, std::min<std::size_t>(size - data_at, 6)));
    }
  }
}

TEST_F(PngContainer, DoesNotCareForTheEnd) {
  EXPECT_TRUE(takes({header_, data_}));
  EXPECT_TRUE(takes({header_, data_, end_, "anything"}));
  EXPECT_TRUE(takes({header_, data_, png_chunk("IEND", "x")}));
  EXPECT_TRUE(takes({header_, data_, png_chunk("ABCD", ""), end_}));
  EXPECT_TRUE(takes({header_, data_, header_, end_}));
  EXPECT_TRUE(takes({header_, with_wrong_crc(data_), with_wrong_crc(end_)}));
}

TEST_F(PngContainer, RefusesWhatNoBrowserShows) {
  EXPECT_EQ(verdict({}), Code::corrupt_input);
  EXPECT_EQ(verdict({data_, end_}), Code::corrupt_input);
  EXPECT_EQ(verdict({png_chunk("tEXt", "a"), header_, data_, end_}), Code::corrupt_input);
  EXPECT_EQ(verdict({with_wrong_crc(header_), data_, end_}), Code::corrupt_input);
  EXPECT_EQ(verdict({header_, header_, data_, end_}), Code::corrupt_input);
  EXPECT_EQ(verdict({header_, end_, data_}), Code::corrupt_input);
  EXPECT_EQ(verdict({header_, png_chunk("IDAT", ""), end_}), Code::corrupt_input);
  EXPECT_EQ(verdict({header_, png_chunk("ABCD", ""), data_, end_}), Code::unsupported);
  EXPECT_EQ(verdict({png_chunk("CgBI", "abcd"), header_, data_, end_}), Code::unsupported);
  std::string other_end = png_of_chunks({header_, data_, end_});
  other_end[4] = '\n';  // as a transfer of text leaves it (5.2)
  EXPECT_EQ(take_png_apart(other_end).status().code(), Code::corrupt_input);
}

TEST_F(PngContainer, RefusesMethodsThatTheStandardReserves) {
  for (const std::size_t at : {10u, 11u, 12u}) {
    std::string fields = header_.substr(8, 13);
    fields[at] = '\2';
    EXPECT_EQ(verdict({png_chunk("IHDR", fields), data_, end_}), Code::unsupported) << at;
  }
}

TEST_F(PngContainer, TakesThePaletteThatIndicesCanName) {
  const auto with_palette = [](std::size_t bytes) {
    return png_chunk("PLTE", std::string(bytes, 'x'));
  };
  EXPECT_FALSE(takes({indexed_header_, indexed_data_, end_}));
  EXPECT_FALSE(takes({indexed_header_, indexed_data_, palette_, end_}));
  EXPECT_FALSE(takes({indexed_header_, with_palette(2), indexed_data_, end_}));
  for (const std::size_t bytes : {3, 4, 8, 12, 15, 1000}) {
    EXPECT_EQ(of_indexed({with_palette(bytes)}).palette.size(),
              std::min<std::size_t>(bytes / 3 * 3, 12))
        << bytes;
  }
  EXPECT_EQ(of_indexed({png_chunk("PLTE", "abc"), png_chunk("PLTE", "def")}).palette, "abc");
  EXPECT_EQ(of_indexed({with_wrong_crc(png_chunk("PLTE", "abc"))}).palette, "abc");
  // A suggestion, for others.
  const PngHeader grey{5, 4, 8, PngColor::grey};
  EXPECT_TRUE(takes({png_header_chunk(grey), with_palette(2), data_chunk(grey), end_}));
  EXPECT_TRUE(takes({header_, palette_, palette_, data_, end_}));
}

TEST_F(PngContainer, TakesTheTransparencyOfAPalette) {
  const auto clear = [](const std::string& data) { return png_chunk("tRNS", data); };
  EXPECT_EQ(of_indexed({palette_, clear("abc")}).transparency, "abc");
  EXPECT_EQ(of_indexed({palette_, clear("abcdefg")}).transparency, "abcdefg");
  EXPECT_EQ(of_indexed({palette_, clear("a"), clear("b")}).transparency, "a");
  EXPECT_EQ(of_indexed({clear("abc"), palette_}).transparency, "");
  EXPECT_EQ(of_indexed({palette_, clear(std::string(257, 'a'))}).transparency, "");
  EXPECT_EQ(of_indexed({palette_, with_wrong_crc(clear("abc"))}).transparency, "");
  EXPECT_EQ(of_indexed({palette_, with_wrong_crc(clear("abc")), clear("d")}).transparency, "d");
}

TEST_F(PngContainer, TakesATransparentColor) {
  const auto clear = [](const std::string& data) { return png_chunk("tRNS", data); };
  const std::string key = "\0\x01\0\x02\0\xff"s;
  EXPECT_EQ(transparency(rgb_, {clear(key)}), key);
  EXPECT_EQ(transparency(rgb_, {clear(key), palette_}), key);
  EXPECT_EQ(transparency(rgb_, {palette_, clear(key)}), key);
  EXPECT_EQ(transparency(rgb_, {clear(key + "more")}), key);
  EXPECT_EQ(transparency(rgb_, {clear("\0\x01"s), clear(key)}), key);
  EXPECT_EQ(transparency({5, 4, 4, PngColor::grey}, {clear(key)}), "\0\x01"s);
  EXPECT_EQ(transparency({5, 4, 8, PngColor::rgb_alpha}, {clear(key)}), "");
  EXPECT_EQ(transparency({5, 4, 8, PngColor::grey_alpha}, {clear(key)}), "");
}

TEST_F(PngContainer, TakesExifInFrontOfTheImageDataOnly) {
  const auto exif = [&](const Chunks& chunks) {
    const std::string file = png_of_chunks(chunks);
    return std::string(take_png_apart(file).value().exif);
  };
  EXPECT_EQ(exif({header_, png_chunk("eXIf", "II"), data_}), "II");
  EXPECT_EQ(exif({header_, data_, png_chunk("eXIf", "II")}), "");
  EXPECT_EQ(exif({header_, png_chunk("eXIf", "II"), png_chunk("eXIf", "MM"), data_}), "II");
  EXPECT_EQ(exif({header_, with_wrong_crc(png_chunk("eXIf", "II")), data_}), "");
}

TEST_F(PngContainer, TakesChunksOfColorsInFrontOfTheImageData) {
  const std::string gamma = png_chunk("gAMA", "\0\1\0\0"s);
  const std::string points = png_chunk("cICP", "\x0c\x0d\0\1"s);
  const auto colors = [&](const Chunks& chunks) {
    const std::string file = png_of_chunks(chunks);
    return take_png_apart(file).value().colors;
  };
  EXPECT_EQ(colors({header_, gamma, data_}).gamma, 65536u);
  EXPECT_EQ(colors({header_, palette_, gamma, data_}).gamma, 65536u);
  EXPECT_FALSE(colors({header_, data_, gamma}).gamma);
  EXPECT_FALSE(colors({header_, with_wrong_crc(gamma), data_}).gamma);
  EXPECT_TRUE(colors({header_, points, palette_, data_}).cicp);
  EXPECT_FALSE(colors({header_, palette_, points, data_}).cicp);
}

TEST_F(PngContainer, ChecksTheHeader) {
  const auto takes_header = [&](const PngHeader& header) {
    return takes({png_header_chunk(header), palette_, png_chunk("IDAT", "x"), end_});
  };
  for (int color = 0; color < 9; ++color) {
    for (int depth = 0; depth < 20; ++depth) {
      const bool power = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
      const bool allowed = power && ((color == 0) || (color == 3 && depth <= 8) ||
                                     ((color == 2 || color == 4 || color == 6) && depth >= 8));
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
  const std::string fields = header_.substr(8, 13);
  EXPECT_FALSE(takes({png_chunk("IHDR", fields.substr(0, 12)), data_, end_}));
  EXPECT_FALSE(takes({png_chunk("IHDR", fields + '\0'), data_, end_}));
}

TEST_F(PngContainer, ReadsNothingBeyondTheFile) {
  PngFile file = random_png(PngColor::palette, 8, 5, 4, 2);
  file.data_bytes = 30;
  file.transparency = "abc";
  const std::string whole = png_file(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Copies of just their size, for AddressSanitizer to watch.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    (void)take_png_apart({cut.data(), cut.size()}).status();
    std::string damaged = whole;
    damaged[size] = static_cast<char>(damaged[size] ^ 0x21);
    (void)take_png_apart(damaged).status();
  }
}

}  // namespace
}  // namespace thumbmill
