#include "image/jpeg/markers.h"

#include <gtest/gtest.h>

#include "image/exif.h"
#include "image/jpeg/made_jpeg.h"

namespace thumbmill::jpeg {
namespace {

using namespace std::string_literals;

std::string segment(char marker, const std::string& body) {
  const std::size_t length = body.size() + 2;
  return "\xff"s + marker + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + body;
}

// Put behind SOI.
std::string with(const std::string& segments, std::string file) { return file.insert(2, segments); }

std::string exif(bool little_endian, char orientation, char type = 3) {
  const std::string none(2, '\0');
  if (little_endian) {
    return "II*\0\x08\0\0\0\x01\0\x12\x01"s + type + "\0\x01\0\0\0"s + orientation + "\0\0\0"s;
  }
  return "MM\0*\0\0\0\x08\0\x01\x01\x12\0"s + type + "\0\0\0\x01\0"s + orientation + none;
}

Result<std::optional<Scan>> read(MarkerReader& reader) { return reader.next_scan(0); }

TEST(Exif, ReadsTheOrientationInEitherByteOrder) {
  for (const bool little_endian : {false, true}) {
    for (char orientation = 1; orientation <= 8; ++orientation) {
      EXPECT_EQ(exif_orientation(exif(little_endian, orientation)), orientation);
    }
  }
}

TEST(Exif, WhatMakesNoSenseIsUpright) {
  EXPECT_EQ(exif_orientation(exif(true, 0)), 1);
  EXPECT_EQ(exif_orientation(exif(true, 9)), 1);
  EXPECT_EQ(exif_orientation(exif(true, 6, 4)), 1);  // not a SHORT
  const std::string whole = exif(false, 6);
  for (std::size_t size = 0; size + 4 < whole.size(); ++size) {
    EXPECT_EQ(exif_orientation(whole.substr(0, size)), 1) << size;
  }
  std::string far = whole;
  far[4] = far[5] = far[6] = '\xff';  // the directory's place
  EXPECT_EQ(exif_orientation(far), 1);
}

TEST(Markers, ReadsFrameAndScan) {
  const std::string file = make_jpeg({.width = 300, .height = 200, .restart_interval = 5});
  MarkerReader reader(file);
  const auto scan = read(reader);
  ASSERT_TRUE(scan.ok() && scan->has_value());
  EXPECT_EQ(reader.frame().width, 300u);
  EXPECT_EQ(reader.frame().height, 200u);
  EXPECT_EQ(reader.frame().count, 3u);
  EXPECT_EQ(reader.frame().h_max, 2u);
  EXPECT_EQ((*scan)->count, 3u);
  EXPECT_EQ(reader.restart_interval(), 5u);
  EXPECT_EQ(reader.color_model(), ColorModel::ycbcr);
  EXPECT_EQ(reader.orientation(), 1);
}

TEST(Markers, OrderOfSegmentsDoesNotMatter) {
  const std::string exif_segment = segment('\xe1', "Exif\0\0"s + exif(true, 6));
  std::string file = make_jpeg({});
  file.insert(file.find("\xff\xda"), exif_segment + segment('\xfe', "a comment"));
  MarkerReader reader(file);
  ASSERT_TRUE(read(reader).ok());
  EXPECT_EQ(reader.orientation(), 6);
}

TEST(Markers, PutsAProfileTogetherInItsOwnOrder) {
  const auto part = [](char number, char count, const std::string& bytes) {
    return segment('\xe2', "ICC_PROFILE\0"s + number + count + bytes);
  };
  const std::string file = with(part(2, 2, "file") + part(1, 2, "pro"), make_jpeg({}));
  MarkerReader reader(file);
  ASSERT_TRUE(read(reader).ok());
  EXPECT_EQ(reader.profile(), "profile");
  const std::string lacking = with(part(2, 2, "file"), make_jpeg({}));
  MarkerReader incomplete(lacking);
  ASSERT_TRUE(read(incomplete).ok());
  EXPECT_EQ(incomplete.profile(), "");
}

TEST(Markers, FillBytesAndCommentsAreSteppedOver) {
  const std::string file = with("\xff\xff\xff"s + segment('\xfe', "x"), make_jpeg({}));
  MarkerReader reader(file);
  const auto scan = read(reader);
  EXPECT_TRUE(scan.ok() && scan->has_value());
}

TEST(Markers, EveryPrefixEndsSomehow) {
  for (const bool progressive : {false, true}) {
    JpegOptions options;
    options.progressive = progressive;
    const std::string whole =
        with(segment('\xe1', "Exif\0\0"s + exif(true, 6)), make_jpeg(options));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string file = whole.substr(0, size);
      MarkerReader reader(file);
      for (std::size_t at = 0;;) {
        const auto scan = reader.next_scan(at);
        if (!scan.ok() || !*scan) break;
        at = (*scan)->data_at;
      }
    }
  }
}

}  // namespace
}  // namespace thumbmill::jpeg
