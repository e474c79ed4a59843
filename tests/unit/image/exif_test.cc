// The orientation of EXIF as Chromium reads it, for every format.
#include "image/exif.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr std::uint16_t kByte = 1, kShort = 3, kLong = 4;
constexpr std::uint16_t kOrientation = 274, kMake = 271, kExifDirectory = 34665;

// One entry of a directory (TIFF 6.0 section 2), its value as 4 bytes.
struct Entry {
  std::uint16_t tag;
  std::uint16_t type;
  std::uint32_t count;
  std::uint32_t value;
};

class TiffWriter {
 public:
  explicit TiffWriter(bool little_endian) : little_endian_(little_endian) {
    bytes_ = little_endian ? "II" : "MM";
    put(42, 2);
    put(8, 4);
  }

  // A directory and the offset of the next one, which is none.
  TiffWriter& directory(const std::vector<Entry>& entries) {
    put(static_cast<std::uint32_t>(entries.size()), 2);
    for (const Entry& entry : entries) {
      put(entry.tag, 2);
      put(entry.type, 2);
      put(entry.count, 4);
      if (entry.type == kLong) {
        put(entry.value, 4);
      } else if (entry.type == kByte) {
        put(entry.value, 1);
        bytes_.append(3, 0);
      } else {
        put(entry.value, 2);
        bytes_.append(2, 0);
      }
    }
    put(0, 4);
    return *this;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void put(std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) {
      bytes_ += static_cast<char>(value >> 8 * (little_endian_ ? i : size - 1 - i));
    }
  }

  bool little_endian_;
  std::string bytes_;
};

std::string exif(const std::vector<Entry>& entries, bool little_endian = true) {
  return TiffWriter(little_endian).directory(entries).bytes();
}

TEST(Exif, ReadsTheOrientationInEitherByteOrder) {
  for (const bool little_endian : {false, true}) {
    for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
      EXPECT_EQ(exif_orientation(exif({{kOrientation, kShort, 1, orientation}}, little_endian)),
                static_cast<int>(orientation));
    }
  }
}

TEST(Exif, OnlyOneShortCounts) {
  for (const bool little_endian : {false, true}) {
    // libvips turns the picture for a byte, Chromium does not.
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kByte, 1, 6}}, little_endian)), 1);
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kLong, 1, 6}}, little_endian)), 1);
    EXPECT_EQ(exif_orientation(exif({{kOrientation, 8, 1, 6}}, little_endian)), 1);  // SSHORT
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kShort, 0, 6}}, little_endian)), 1);
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kShort, 2, 6}}, little_endian)), 1);
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kShort, 1, 0}}, little_endian)), 1);
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kShort, 1, 9}}, little_endian)), 1);
    EXPECT_EQ(exif_orientation(exif({{kOrientation, kShort, 1, 0x0106}}, little_endian)), 1);
  }
}

TEST(Exif, TheFirstThatMakesSenseCounts) {
  EXPECT_EQ(exif_orientation(exif({{kMake, kShort, 1, 3},
                                   {kOrientation, kByte, 1, 3},
                                   {kOrientation, kShort, 1, 0},
                                   {kOrientation, kShort, 1, 6},
                                   {kOrientation, kShort, 1, 8}})),
            6);
}

TEST(Exif, TheExifDirectoryMayHaveIt) {
  // The second directory begins behind the first: a header of 8, a count of 2, an entry, 4.
  constexpr std::uint32_t kSecond = 8 + 2 + 12 + 4;
  const auto nested = [](const Entry& pointer) {
    return TiffWriter(false).directory({pointer}).directory({{kOrientation, kShort, 1, 8}}).bytes();
  };
  EXPECT_EQ(exif_orientation(nested({kExifDirectory, kLong, 1, kSecond})), 8);
  EXPECT_EQ(exif_orientation(nested({kExifDirectory, kShort, 1, kSecond})), 1);
  EXPECT_EQ(exif_orientation(nested({kExifDirectory, kLong, 2, kSecond})), 1);
  EXPECT_EQ(exif_orientation(nested({kExifDirectory, kLong, 1, 0xffffff00})), 1);
  // One that names itself is read once more, and no more.
  EXPECT_EQ(exif_orientation(exif({{kExifDirectory, kLong, 1, 8}})), 1);
  EXPECT_EQ(exif_orientation(exif({{kExifDirectory, kLong, 1, 8}, {kOrientation, kShort, 1, 5}})),
            5);
}

TEST(Exif, ADirectoryThatIsCutOffHasNone) {
  for (const bool little_endian : {false, true}) {
    const std::string whole = exif({{kOrientation, kShort, 1, 6}}, little_endian);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(exif_orientation(whole.substr(0, size)), 1) << size;
    }
    EXPECT_EQ(exif_orientation(whole + "more"), 6);
  }
  std::string claims_more = exif({{kOrientation, kShort, 1, 6}});
  claims_more[8] = 2;  // entries
  EXPECT_EQ(exif_orientation(claims_more), 1);
}

TEST(Exif, WrongOffsetsAndHeadersAreUpright) {
  const std::string whole = exif({{kOrientation, kShort, 1, 6}}, false);
  for (const char high : {'\x00', '\x7f', '\xff'}) {
    std::string far = whole;
    far[4] = high;
    far[7] = '\xf0';
    EXPECT_EQ(exif_orientation(far), 1);
  }
  std::string header = whole;
  header[0] = 'I';  // IM
  EXPECT_EQ(exif_orientation(header), 1);
  EXPECT_EQ(exif_orientation(""), 1);
  EXPECT_EQ(exif_orientation(std::string(100, 0)), 1);
}

}  // namespace
}  // namespace thumbmill
