#include "image/jpeg/markers.h"

#include <gtest/gtest.h>

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

// A TIFF structure with an orientation in it (EXIF 2.3, tag 274, one SHORT).
std::string exif(char orientation) {
  return "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + orientation + "\0\0\0\0\0\0\0"s;
}

std::string exif_segment(char orientation) {
  return segment('\xe1', "Exif\0\0"s + exif(orientation));
}

Result<std::optional<Scan>> read(MarkerReader& reader) { return reader.next_scan(0); }

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
  EXPECT_EQ(reader.apps().orientation(), 1);
}

TEST(Markers, OrderOfSegmentsDoesNotMatter) {
  std::string file = make_jpeg({});
  file.insert(file.find("\xff\xda"), exif_segment(6) + segment('\xfe', "a comment"));
  MarkerReader reader(file);
  ASSERT_TRUE(read(reader).ok());
  EXPECT_EQ(reader.apps().orientation(), 6);
}

TEST(Markers, PutsAProfileTogetherInItsOwnOrder) {
  const auto part = [](char number, char count, const std::string& bytes) {
    return segment('\xe2', "ICC_PROFILE\0"s + number + count + bytes);
  };
  const std::string file = with(part(2, 2, "file") + part(1, 2, "pro"), make_jpeg({}));
  MarkerReader reader(file);
  ASSERT_TRUE(read(reader).ok());
  EXPECT_EQ(reader.apps().profile(), "profile");
  const std::string lacking = with(part(2, 2, "file"), make_jpeg({}));
  MarkerReader incomplete(lacking);
  ASSERT_TRUE(read(incomplete).ok());
  EXPECT_EQ(incomplete.apps().profile(), "");
}

int orientation_of(const std::string& file) {
  MarkerReader reader(file);
  EXPECT_TRUE(read(reader).ok());
  return reader.apps().orientation();
}

TEST(Markers, TheFirstExifSegmentCounts) {
  const std::string xmp = segment('\xe1', "http://ns.adobe.com/xap/1.0/\0<x/>"s);
  EXPECT_EQ(orientation_of(with(xmp + exif_segment(8) + exif_segment(6), make_jpeg({}))), 8);
  // Also when it makes no sense, or has none.
  EXPECT_EQ(orientation_of(with(exif_segment(9) + exif_segment(6), make_jpeg({}))), 1);
  const std::string broken = segment('\xe1', "Exif\0\0II*"s);
  EXPECT_EQ(orientation_of(with(broken + exif_segment(6), make_jpeg({}))), 1);
  // One without content is not one; the byte behind the name may be anything.
  const std::string empty = segment('\xe1', "Exif\0\0"s);
  EXPECT_EQ(orientation_of(with(empty + exif_segment(6), make_jpeg({}))), 6);
  const std::string padded = segment('\xe1', "Exif\0\xff"s + exif(3));
  EXPECT_EQ(orientation_of(with(padded, make_jpeg({}))), 3);
}

TEST(Markers, SegmentsBehindTheFirstScanAreNotOfTheHeader) {
  JpegOptions options;
  options.progressive = true;
  std::string file = make_jpeg(options);
  const std::size_t second_scan = file.find("\xff\xda", file.find("\xff\xda") + 2);
  ASSERT_NE(second_scan, std::string::npos);
  file.insert(second_scan, exif_segment(6));
  MarkerReader reader(file);
  const auto first = read(reader);
  ASSERT_TRUE(first.ok() && first->has_value());
  ASSERT_TRUE(reader.next_scan((*first)->data_at).ok());
  EXPECT_EQ(reader.apps().orientation(), 1);
}

TEST(Markers, AProfileWhosePartsDisagreeIsNone) {
  const auto part = [](char number, char count, const std::string& bytes) {
    return segment('\xe2', "ICC_PROFILE\0"s + number + count + bytes);
  };
  const auto profile = [](const std::string& segments) {
    const std::string file = with(segments, make_jpeg({}));
    MarkerReader reader(file);
    EXPECT_TRUE(read(reader).ok());
    return reader.apps().profile();
  };
  EXPECT_EQ(profile(part(1, 1, "one")), "one");
  EXPECT_EQ(profile(part(1, 1, "one") + part(1, 1, "two")), "one");  // it was whole before
  EXPECT_EQ(profile(part(1, 2, "a") + part(1, 2, "a") + part(2, 2, "b")), "");
  EXPECT_EQ(profile(part(1, 2, "a") + part(2, 3, "b")), "");
  EXPECT_EQ(profile(part(0, 1, "a")), "");
  EXPECT_EQ(profile(part(2, 1, "a")), "");
  EXPECT_EQ(profile(part(1, 0, "a")), "");
}

// Without 14 bytes libjpeg does not take a segment for JFIF, which decides about the colours.
TEST(Markers, JfifAndAdobeDecideTheColours) {
  const std::string rgb = make_jpeg({.rgb = true, .factors = {{{1, 1}, {1, 1}, {1, 1}}}});
  const auto model = [](const std::string& file) {
    MarkerReader reader(file);
    EXPECT_TRUE(read(reader).ok());
    return reader.color_model();
  };
  EXPECT_EQ(model(rgb), ColorModel::rgb);
  const std::string jfif = "JFIF\0\1\1\0\0\1\0\1\0\0"s;
  EXPECT_EQ(model(with(segment('\xe0', jfif), rgb)), ColorModel::ycbcr);
  EXPECT_EQ(model(with(segment('\xe0', jfif.substr(0, 13)), rgb)), ColorModel::rgb);
}

TEST(Markers, UnknownMarkersBehindAScanAreDeclined) {
  const std::string file = make_jpeg({}).insert(2, segment('\xf0', "JPG0"));
  MarkerReader reader(file);
  const auto scan = read(reader);
  ASSERT_TRUE(scan.ok() && scan->has_value());
  for (const char marker : {'\x02', '\x9f', '\xbf', '\xf0', '\xfd', '\xde', '\xdf'}) {
    const std::string stray = file + segment(marker, "stray");
    MarkerReader again(stray);
    ASSERT_TRUE(read(again).ok());
    const auto next = again.next_scan(file.size());
    EXPECT_EQ(next.status().code(), Code::unsupported) << static_cast<int>(marker);
  }
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
    const std::string whole = with(exif_segment(6), make_jpeg(options));
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
