#include "model/image_format.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using namespace std::string_view_literals;

struct Sample {
  std::string_view head;
  std::optional<ImageFormat> format;
  std::size_t needed;  // the shortest prefix that is still recognised; 0: never is
};

const Sample kSamples[] = {
    {"\xff\xd8\xff\xe0\0\x10JFIF"sv, ImageFormat::jpeg, 3},
    {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv, ImageFormat::png, 8},
    {"GIF87a\1\0"sv, ImageFormat::gif, 6},
    {"GIF89a\1\0"sv, ImageFormat::gif, 6},
    {"RIFF\x24\0\0\0WEBPVP8L"sv, ImageFormat::webp, 12},
    {"II*\0\x08\0\0\0"sv, ImageFormat::tiff, 4},
    {"MM\0*\0\0\0\x08"sv, ImageFormat::tiff, 4},
    {"II+\0\x08\0\0\0"sv, ImageFormat::tiff, 8},
    {"MM\0+\0\x08\0\0"sv, ImageFormat::tiff, 8},
    {"\0\0\0\x1c"
     "ftypavif\0\0\0\0mif1avifmiaf"sv,
     ImageFormat::avif, 12},
    {"\0\0\0\x18"
     "ftypheic\0\0\0\0mif1heic"sv,
     ImageFormat::heic, 12},
    {"\0\0\0\x18"
     "ftypmif1\0\0\0\0heicmif1"sv,
     ImageFormat::heic, 12},
    {"\0\0\0\x18"
     "ftypmif1\0\0\0\0mif1avif"sv,
     ImageFormat::avif, 24},
    {"\0\0\0\x10"
     "ftypmif3avif"sv,
     ImageFormat::avif, 16},
    {"\0\0\0\x10"
     "ftypmif3heic"sv,
     ImageFormat::heic, 16},
    {"\0\0\0\x10"
     "ftypmif3\0\0\0\0"sv,
     ImageFormat::heic, 16},
    {"\0\0\0\x10"
     "ftypmif3vvi3"sv,
     std::nullopt, 0},
    {"BM\x46\0\0\0"sv, ImageFormat::bmp, 2},
    {"\0\0\1\0\1\0"sv, ImageFormat::ico, 6},
    {"\0\0\2\0\0\1"sv, ImageFormat::ico, 6},
    {"\xff\x0a\xfa"sv, ImageFormat::jxl, 2},
    {"\0\0\0\x0cJXL \r\n\x87\n"sv, ImageFormat::jxl, 12},
    {"\0\0\0\x0cjP  \r\n\x87\n"sv, ImageFormat::jp2, 12},
    {"\xff\x4f\xff\x51\0"sv, ImageFormat::jp2, 4},
    {"<svg xmlns="sv, ImageFormat::svg, 4},
    {"P1\n1 1\n0"sv, ImageFormat::pnm, 3},
    {"P6 1 1 255\n"sv, ImageFormat::pnm, 3},
    {"P5#comment"sv, ImageFormat::pnm, 3},
    {"P7\nWIDTH 1\n"sv, ImageFormat::pnm, 3},
    {"8BPS\0\1\0\0"sv, ImageFormat::psd, 6},
    {"8BPS\0\2\0\0"sv, ImageFormat::psd, 6},
    {"\0\0\x02\0\0\0\0\0\0\0\0\0\1\0\1\0\x18\x20"sv, ImageFormat::tga, 18},
    {"\x05\0\x0a\0\0\0\0\0\1\2\3\4\0\1\0\1\x20\x08"sv, ImageFormat::tga, 18},
    {"\0\1\1\0\0\0\1\x18\0\0\0\0\1\0\1\0\x08\0"sv, ImageFormat::tga, 18},
    {"\0\0\3\0\0\0\0\0\0\0\0\0\1\0\1\0\x08\0"sv, ImageFormat::tga, 18},
    // What is close, but none of them.
    {"P7 332\n"sv, std::nullopt, 0},
    {"P66"sv, std::nullopt, 0},
    {"8BPS\0\3\0\0"sv, std::nullopt, 0},
    // A width of 0, a palette without use, a depth, attributes and a type that cannot be.
    {"\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\1\0\x18\x20"sv, std::nullopt, 0},
    {"\0\0\x02\0\0\0\0\x18\0\0\0\0\1\0\1\0\x18\x20"sv, std::nullopt, 0},
    {"\0\0\x02\0\0\0\0\0\0\0\0\0\1\0\1\0\x08\x20"sv, std::nullopt, 0},
    {"\0\0\x02\0\0\0\0\0\0\0\0\0\1\0\1\0\x18\x28"sv, std::nullopt, 0},
    {"\0\0\x04\0\0\0\0\0\0\0\0\0\1\0\1\0\x18\x20"sv, std::nullopt, 0},
    {"\0\0\x1a\0\0\0\0\0\0\0\0\0\1\0\1\0\x18\x20"sv, std::nullopt, 0},
    {"RIFF\x24\0\0\0WAVEfmt "sv, std::nullopt, 0},
    {"\0\0\0\x18"
     "ftypisom\0\0\0\0isommp42"sv,
     std::nullopt, 0},
    {"%PDF-1.7"sv, std::nullopt, 0},
    {"\x1f\x8b\x08"sv, std::nullopt, 0},
    {"PK\3\4"sv, std::nullopt, 0},
    {"<?php system($_GET[0]);"sv, std::nullopt, 0},
    {"%!PS-Adobe-3.0"sv, std::nullopt, 0},
    {"push graphic-context"sv, std::nullopt, 0},
    {" \xff\xd8\xff"sv, std::nullopt, 0},
};

TEST(SniffImageFormat, KnowsEachFormatByItsMagic) {
  for (const Sample& sample : kSamples) {
    EXPECT_EQ(sniff_image_format(sample.head), sample.format)
        << ::testing::PrintToString(sample.head);
  }
}

TEST(SniffImageFormat, NeedsTheWholeMagicAndNothingMore) {
  for (const Sample& sample : kSamples) {
    for (std::size_t length = 0; length <= sample.head.size(); ++length) {
      // On the heap at its exact size, so that AddressSanitizer sees a read past the end.
      const std::vector<char> head(sample.head.begin(),
                                   sample.head.begin() + static_cast<std::ptrdiff_t>(length));
      const auto format = sniff_image_format({head.data(), head.size()});
      if (sample.format && length >= sample.needed) {
        EXPECT_EQ(format, sample.format) << ::testing::PrintToString(sample.head);
      } else if (format != ImageFormat::heic) {
        // mif1 alone is taken for HEIC until the brand that says AVIF is there.
        EXPECT_EQ(format, std::nullopt) << ::testing::PrintToString(sample.head) << length;
      }
    }
  }
}

TEST(SniffImageFormat, GoesByTheFirstBytesOnly) {
  EXPECT_EQ(sniff_image_format("\xff\xd8\xff\xe0<script>alert(1)</script>"), ImageFormat::jpeg);
  EXPECT_EQ(sniff_image_format("GIF89a/*\x89PNG\r\n\x1a\n*/"), ImageFormat::gif);
  EXPECT_EQ(sniff_image_format("<html>\xff\xd8\xff"), std::nullopt);
  EXPECT_EQ(sniff_image_format(std::string(kSniffBytes, ' ') + "\xff\xd8\xff"), std::nullopt);
}

TEST(SniffImageFormat, BrandsEndWithTheirBox) {
  EXPECT_EQ(sniff_image_format("\0\0\0\x14"
                               "ftypisom\0\0\0\0isomavif"sv),
            std::nullopt);
  EXPECT_EQ(sniff_image_format("\0\0\0\x18"
                               "ftypisom\0\0\0\0isomavif"sv),
            ImageFormat::avif);
  EXPECT_EQ(sniff_image_format("\0\0\0\0"
                               "ftypavif\0\0\0\0avif"sv),
            std::nullopt);
}

TEST(ImageFormat, TableIsWholeAndNamesLeadBack) {
  for (int i = 0; i <= static_cast<int>(kLastImageFormat); ++i) {
    const auto format = static_cast<ImageFormat>(i);
    const ImageFormatInfo& info = image_format_info(format);
    EXPECT_EQ(info.format, format);
    EXPECT_EQ(image_format_from_name(info.name), format);
    EXPECT_EQ(image_format_from_extension(info.extension), format);
    EXPECT_TRUE(info.media_type.starts_with("image/")) << info.media_type;
    EXPECT_TRUE(info.can_decode || !info.can_encode) << "what we write we can read";
  }
  EXPECT_EQ(encodable_formats(), "jpeg, png, webp, avif, jxl");
  EXPECT_EQ(image_format_from_name("jpg"), ImageFormat::jpeg);
  EXPECT_EQ(image_format_from_name("tif"), ImageFormat::tiff);
  EXPECT_EQ(image_format_from_name("JPEG"), std::nullopt);
  EXPECT_EQ(image_format_from_extension(""), std::nullopt);
}

}  // namespace
}  // namespace thumbmill
