#include "image/psd/samples.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "image/byte_order.h"

namespace thumbmill::psd {
namespace {

constexpr std::uint32_t kWideMost = 65535;

// IEC 61966-2-1, from linear light to the curve; both over 0 to 1.
double srgb_curve(double linear) {
  return linear <= 0.0031308 ? linear * 12.92 : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

// Of a colour that was laid over white: the colour itself. `most` is white, and full alpha.
std::uint32_t off_white(std::uint32_t value, std::uint32_t alpha, std::uint32_t most) {
  if (alpha == 0) return 0;
  const std::uint32_t white = most - alpha;  // what of it shows through
  const std::uint32_t colored = value > white ? value - white : 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(most, (std::uint64_t{colored} * most + alpha / 2) / alpha));
}

// CIE 15: what a value of CIELAB's is in its white's light.
double lab_inverse(double t) {
  constexpr double kEnd = 6.0 / 29;
  return t > kEnd ? t * t * t : 3 * kEnd * kEnd * (t - 4.0 / 29);
}

// L over 0 to 100, white D50, to linear sRGB, by Bradford's adaption to D65 (ICC.1:2022 annex E).
std::array<double, 3> lab_to_linear_srgb(double lightness, double a, double b) {
  const double y_root = (lightness + 16) / 116;
  const double x = 0.9642 * lab_inverse(y_root + a / 500);
  const double y = lab_inverse(y_root);
  const double z = 0.8249 * lab_inverse(y_root - b / 200);
  return {3.1341359 * x - 1.6173863 * y - 0.4906619 * z,
          -0.9787955 * x + 1.9162544 * y + 0.0334428 * z,
          0.0719553 * x - 0.2289769 * y + 1.4053860 * z};
}

bool is_deep(const Parts& parts) { return parts.depth_bits > 8 || parts.mode == Mode::lab; }

}  // namespace

planar::RowShape shape_of(const Parts& parts) {
  planar::RowShape shape;
  shape.size = parts.size;
  const bool colored = parts.mode != Mode::grey && parts.mode != Mode::bitmap;
  shape.has_alpha = parts.has_alpha || parts.clear_index.has_value();
  shape.channels = (colored ? 3 : 1) + (shape.has_alpha ? 1 : 0);
  shape.wide = is_deep(parts);
  return shape;
}

PixelRows::PixelRows(const Parts& parts)
    : parts_(parts),
      shape_(shape_of(parts)),
      rows_(parts, parts.colors() + (parts.has_alpha ? 1 : 0)) {
  const std::size_t samples = parts.size.width * shape_.channels + planar::kRowPadding;
  if (shape_.wide) wide_.resize(samples);
  if (!shape_.wide) narrow_.resize(samples);
  if (parts.depth_bits == 32 || parts.mode == Mode::lab) {
    for (std::uint32_t i = 0; i <= kWideMost; ++i) {
      const double value = srgb_curve(static_cast<double>(i) / kWideMost) * kWideMost;
      curve_.push_back(static_cast<std::uint16_t>(std::lround(value)));
    }
  }
}

const void* PixelRows::next() {
  if (!rows_.next()) return nullptr;
  if (parts_.mode == Mode::bitmap) {
    convert_bits();
  } else if (parts_.mode == Mode::indexed) {
    convert_indices();
  } else if (parts_.mode == Mode::lab) {
    convert_lab();
  } else if (shape_.wide) {
    convert_wide();
  } else {
    convert_bytes();
  }
  if (shape_.wide) return wide_.data();
  return narrow_.data();
}

// 1 is black.
void PixelRows::convert_bits() {
  const std::uint8_t* const bits = rows_.row(0);
  const std::uint8_t* const alpha = parts_.has_alpha ? rows_.row(1) : nullptr;
  std::uint8_t* to = narrow_.data();
  for (std::size_t x = 0; x < parts_.size.width; ++x) {
    const unsigned shift = 7 - x % 8;
    *to++ = (bits[x / 8] >> shift & 1) != 0 ? 0 : 255;
    if (alpha != nullptr) *to++ = (alpha[x / 8] >> shift & 1) != 0 ? 255 : 0;
  }
}

void PixelRows::convert_indices() {
  const std::uint8_t* const indices = rows_.row(0);
  const std::uint8_t* const alpha = parts_.has_alpha ? rows_.row(1) : nullptr;
  const std::size_t entries = parts_.palette.size() / 3;
  std::uint8_t* to = narrow_.data();
  for (std::size_t x = 0; x < parts_.size.width; ++x) {
    const std::size_t index = indices[x];
    for (std::size_t c = 0; c < 3; ++c) {
      *to++ = index < entries ? static_cast<std::uint8_t>(parts_.palette[c * entries + index])
                              : std::uint8_t{0};
    }
    if (!shape_.has_alpha) continue;
    const std::uint8_t level = alpha != nullptr ? alpha[x] : 255;
    *to++ = parts_.clear_index == index ? std::uint8_t{0} : level;
  }
}

void PixelRows::convert_bytes() {
  const std::size_t colors = parts_.colors();
  const std::uint8_t* const alpha = parts_.has_alpha ? rows_.row(colors) : nullptr;
  for (std::size_t c = 0; c < colors; ++c) {
    const std::uint8_t* const from = rows_.row(c);
    std::uint8_t* to = narrow_.data() + c;
    for (std::size_t x = 0; x < parts_.size.width; ++x, to += shape_.channels) {
      *to =
          alpha == nullptr ? from[x] : static_cast<std::uint8_t>(off_white(from[x], alpha[x], 255));
    }
  }
  if (alpha == nullptr) return;
  std::uint8_t* to = narrow_.data() + colors;
  for (std::size_t x = 0; x < parts_.size.width; ++x, to += shape_.channels) *to = alpha[x];
}

std::uint32_t PixelRows::wide_sample(std::size_t channel, std::size_t x) const {
  const std::size_t bytes = parts_.depth_bits / 8;
  const std::string_view row(reinterpret_cast<const char*>(rows_.row(channel)), parts_.row_bytes());
  const std::uint32_t value = big_endian_at(row, x * bytes, bytes);
  if (bytes == 1) return value * 257;
  if (bytes == 2) return value;
  const float number = std::bit_cast<float>(value);
  // What is no number is black.
  const float clipped = number > 0 ? std::min(number, 1.0f) : 0.0f;
  return static_cast<std::uint32_t>(std::lround(clipped * kWideMost));
}

// Floats are linear light; their alpha is not on a curve.
void PixelRows::convert_wide() {
  const std::size_t colors = parts_.colors();
  const bool linear = parts_.depth_bits == 32;
  std::uint16_t* to = wide_.data();
  for (std::size_t x = 0; x < parts_.size.width; ++x) {
    const std::uint32_t alpha = parts_.has_alpha ? wide_sample(colors, x) : kWideMost;
    for (std::size_t c = 0; c < colors; ++c) {
      const std::uint32_t value = off_white(wide_sample(c, x), alpha, kWideMost);
      *to++ = linear ? curve_[value] : static_cast<std::uint16_t>(value);
    }
    if (parts_.has_alpha) *to++ = static_cast<std::uint16_t>(alpha);
  }
}

// Lightness over all values; of a and b 128 of 255 is 0.
void PixelRows::convert_lab() {
  std::uint16_t* to = wide_.data();
  for (std::size_t x = 0; x < parts_.size.width; ++x) {
    const std::uint32_t alpha = parts_.has_alpha ? wide_sample(3, x) : kWideMost;
    const double lightness = wide_sample(0, x) / 655.35;
    const double a = wide_sample(1, x) / 257.0 - 128;
    const double b = wide_sample(2, x) / 257.0 - 128;
    for (const double linear : lab_to_linear_srgb(lightness, a, b)) {
      const double clipped = std::clamp(linear, 0.0, 1.0);
      const std::uint32_t value =
          curve_[static_cast<std::size_t>(std::lround(clipped * kWideMost))];
      *to++ = static_cast<std::uint16_t>(off_white(value, alpha, kWideMost));
    }
    if (parts_.has_alpha) *to++ = static_cast<std::uint16_t>(alpha);
  }
}

}  // namespace thumbmill::psd
