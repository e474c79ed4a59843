#include "image/tiff/ycbcr.h"

#include <algorithm>
#include <cmath>

namespace thumbmill::tiff {
namespace {

constexpr int kFraction = 14;
// What any sum of table entries stays far below.
constexpr float kFarOutside = 16384;

std::int32_t fixed(float value) {
  const float bounded = std::clamp(value, -kFarOutside, kFarOutside);
  return static_cast<std::int32_t>(std::lround(bounded * (1 << kFraction)));
}

std::uint8_t to_byte(std::int32_t value) {
  const std::int32_t rounded = (value + (1 << (kFraction - 1))) >> kFraction;
  return static_cast<std::uint8_t>(std::clamp(rounded, 0, 255));
}

}  // namespace

void unpack_ycbcr(const std::uint8_t* packed, std::size_t width, std::size_t height,
                  const YcbcrCoding& coding, std::uint8_t* out) {
  const std::size_t across = coding.across, down = coding.down;
  const std::size_t block_bytes = across * down + 2;
  for (std::size_t top = 0; top < height; top += down) {
    const std::size_t rows = std::min(down, height - top);
    for (std::size_t left = 0; left < width; left += across, packed += block_bytes) {
      const std::size_t columns = std::min(across, width - left);
      const std::uint8_t* const chroma = packed + across * down;
      for (std::size_t y = 0; y < rows; ++y) {
        std::uint8_t* pixel = out + ((top + y) * width + left) * 3;
        for (std::size_t x = 0; x < columns; ++x, pixel += 3) {
          pixel[0] = packed[y * across + x];
          pixel[1] = chroma[0];
          pixel[2] = chroma[1];
        }
      }
    }
  }
}

YcbcrToRgb::YcbcrToRgb(const YcbcrCoding& coding) {
  const auto [red, green, blue] = coding.luma;
  const auto& reference = coding.reference;
  for (int i = 0; i < 256; ++i) {
    const auto scaled = [&](int component, float range) {
      const float black = reference[static_cast<std::size_t>(2 * component)];
      const float white = reference[static_cast<std::size_t>(2 * component + 1)];
      return (static_cast<float>(i) - black) * range / (white - black);
    };
    const auto entry = static_cast<std::size_t>(i);
    const float cb = scaled(1, 127), cr = scaled(2, 127);
    luma_[entry] = fixed(scaled(0, 255));
    red_[entry] = fixed(cr * (2 - 2 * red));
    blue_[entry] = fixed(cb * (2 - 2 * blue));
    green_of_blue_[entry] = fixed(-cb * (2 - 2 * blue) * blue / green);
    green_of_red_[entry] = fixed(-cr * (2 - 2 * red) * red / green);
  }
}

void YcbcrToRgb::convert(const std::uint8_t* ycbcr, std::size_t count, std::uint8_t* out,
                         std::size_t out_step) const {
  for (std::size_t i = 0; i < count; ++i, ycbcr += 3, out += out_step) {
    const std::int32_t luma = luma_[ycbcr[0]];
    const std::uint8_t cb = ycbcr[1], cr = ycbcr[2];
    out[0] = to_byte(luma + red_[cr]);
    out[1] = to_byte(luma + green_of_blue_[cb] + green_of_red_[cr]);
    out[2] = to_byte(luma + blue_[cb]);
  }
}

}  // namespace thumbmill::tiff
