#include "image/exif.h"

#include <cstdint>

namespace thumbmill {
namespace {

// TIFF 6.0 section 2, in either byte order; 0 past the end.
class Tiff {
 public:
  explicit Tiff(std::string_view bytes)
      : bytes_(bytes), little_endian_(bytes.substr(0, 2) == "II") {}

  std::uint32_t number(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = little_endian_ ? at + size - 1 - i : at + i;
      value = value << 8 | static_cast<std::uint8_t>(bytes_[from]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_endian_;
};

}  // namespace

int exif_orientation(std::string_view bytes) {
  constexpr std::uint32_t kOrientation = 274;
  constexpr std::uint32_t kShort = 3;
  constexpr std::size_t kEntry = 12;
  if (bytes.substr(0, 2) != "II" && bytes.substr(0, 2) != "MM") return 1;
  const Tiff tiff(bytes);
  const std::size_t directory = tiff.number(4, 4);
  const std::size_t entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntry;
    if (tiff.number(entry, 2) != kOrientation || tiff.number(entry + 2, 2) != kShort) continue;
    const std::uint32_t value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace thumbmill
