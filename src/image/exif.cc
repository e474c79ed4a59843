#include "image/exif.h"

#include <cstdint>

#include "image/byte_order.h"

namespace thumbmill {
namespace {

// TIFF 6.0 section 2: tags, types, sizes in bytes.
constexpr std::uint32_t kOrientation = 274;
constexpr std::uint32_t kExifDirectory = 34665;
constexpr std::uint32_t kShort = 3;
constexpr std::uint32_t kLong = 4;
constexpr std::size_t kEntry = 12;
constexpr std::size_t kNextDirectory = 4;

// A TIFF structure in either byte order.
class Tiff {
 public:
  explicit Tiff(std::string_view bytes)
      : bytes_(bytes),
        order_(bytes.substr(0, 2) == "II" ? ByteOrder::little_endian : ByteOrder::big_endian) {}

  bool is_known() const {
    return order_ == ByteOrder::little_endian || bytes_.substr(0, 2) == "MM";
  }

  // 0 past the end.
  std::uint32_t number(std::size_t at, std::size_t size) const {
    return number_at(bytes_, at, size, order_);
  }

  // How many entries the directory has; 0 for one that is not there as a whole, the offset of the
  // next directory included.
  std::size_t entries(std::size_t directory) const {
    const std::size_t count = number(directory, 2);
    return holds(directory, 2 + count * kEntry + kNextDirectory) ? count : 0;
  }

 private:
  bool holds(std::size_t at, std::size_t size) const {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  }

  std::string_view bytes_;
  ByteOrder order_;
};

// 0 when the directory has none. `nested`: not the first directory, whose own are not looked at.
int find_orientation(const Tiff& tiff, std::size_t directory, bool nested) {
  const std::size_t entries = tiff.entries(directory);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntry;
    const std::uint32_t tag = tiff.number(entry, 2);
    const std::uint32_t type = tiff.number(entry + 2, 2);
    if (tiff.number(entry + 4, 4) != 1) continue;  // how many values
    if (tag == kOrientation && type == kShort) {
      const std::uint32_t value = tiff.number(entry + 8, 2);
      if (value >= 1 && value <= 8) return static_cast<int>(value);
    } else if (tag == kExifDirectory && type == kLong && !nested) {
      const int found = find_orientation(tiff, tiff.number(entry + 8, 4), true);
      if (found != 0) return found;
    }
  }
  return 0;
}

}  // namespace

int exif_orientation(std::string_view bytes) {
  const Tiff tiff(bytes);
  if (!tiff.is_known()) return 1;
  const int found = find_orientation(tiff, tiff.number(4, 4), false);
  return found == 0 ? 1 : found;
}

}  // namespace thumbmill
