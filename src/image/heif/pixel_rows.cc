#include "image/heif/pixel_rows.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace thumbmill::heif {
namespace {

using planar::LumaWeights;

std::uint32_t sample_at(const std::uint8_t* row, std::size_t x, bool wide) {
  if (!wide) return row[x];
  std::uint16_t value;
  std::memcpy(&value, row + 2 * x, sizeof value);
  return value;
}

template <typename Sample>
Sample to_sample(float value) {
  constexpr float kMost = std::numeric_limits<Sample>::max();
  return static_cast<Sample>(
      static_cast<std::int32_t>(std::min(kMost, std::max(0.0f, value * kMost)) + 0.5f));
}

}  // namespace

std::optional<LumaWeights> luma_weights(const ColorCodes& codes) {
  constexpr std::uint16_t kFromPrimaries = 12;
  // ITU-T H.273 table 2: chromaticities whose luma weights have a matrix of their own.
  const auto of_primaries = [](std::uint16_t primaries) -> std::uint16_t {
    switch (primaries) {
      case 1:
        return 1;
      case 4:
        return 4;
      case 7:
        return 7;
      case 9:
        return 9;
      default:
        return ColorCodes::kUnspecified;
    }
  };
  switch (codes.matrix == kFromPrimaries ? of_primaries(codes.primaries) : codes.matrix) {
    case 1:
      return LumaWeights{0.2126, 0.0722};
    case 4:
      return LumaWeights{0.30, 0.11};
    case ColorCodes::kUnspecified:
    case 3:  // reserved
    case 5:
    case 6:
      return LumaWeights{0.299, 0.114};
    case 7:
      return LumaWeights{0.212, 0.087};
    case 9:
      return LumaWeights{0.2627, 0.0593};
    default:
      return std::nullopt;
  }
}

PixelRows::PixelRows(const RowShape& shape, bool full_range, std::optional<LumaWeights> weights)
    : shape_(shape),
      weights_(weights),
      luma_(shape.width),
      blue_(shape.width),
      red_(shape.width),
      mixed_(shape.width + 4) {
  const auto unit = static_cast<float>(1 << (shape.bits - 8));
  if (full_range) {
    luma_scale_ = chroma_scale_ = 1 / (256 * unit - 1);
  } else {
    luma_offset_ = 16 * unit;
    luma_scale_ = 1 / (219 * unit);
    chroma_scale_ = 1 / (224 * unit);
  }
}

void PixelRows::plain_row(const SampleView& plane, std::size_t y, std::vector<float>& out) const {
  const std::uint8_t* const row = plane.row(y);
  const bool wide = shape_.bits > 8;
  for (std::size_t x = 0; x < shape_.width; ++x) {
    const auto value = static_cast<float>(sample_at(row, shape_.left + x, wide));
    out[x] = (value - luma_offset_) * luma_scale_;
  }
}

// A sample counts three quarters where it is, and one quarter on the far side of the nearer edge:
// chroma lies in the middle of the luma it belongs to, as browsers take it.
void PixelRows::chroma_row(const SampleView& plane, std::size_t rows, std::size_t y,
                           std::vector<float>& out) {
  const std::size_t by_x = shape_.chroma.divisor_x, by_y = shape_.chroma.divisor_y;
  const bool wide = shape_.bits > 8;
  const std::size_t last = (rows + by_y - 1) / by_y - 1;
  const std::size_t near = y / by_y;
  const std::size_t above = std::max<std::size_t>(near, 1) - 1, below = std::min(near + 1, last);
  const std::size_t far = by_y == 1 ? near : (y % 2 == 0 ? above : below);
  const std::uint8_t *const near_row = plane.row(near), *const far_row = plane.row(far);
  const auto zero = static_cast<float>(1 << (shape_.bits - 1));
  // The samples that are needed and one more at each side.
  const std::size_t first = shape_.left / by_x;
  const std::size_t count = (shape_.left + shape_.width - 1) / by_x - first + 1;
  const std::size_t columns = (shape_.stored + by_x - 1) / by_x;
  for (std::size_t i = 0; i < count + 2; ++i) {
    const std::size_t x = std::clamp<std::size_t>(first + i, 1, columns) - 1;
    const auto a = static_cast<float>(sample_at(near_row, x, wide));
    const auto b = static_cast<float>(sample_at(far_row, x, wide));
    mixed_[i] = (0.75f * a + 0.25f * b - zero) * chroma_scale_;
  }
  if (by_x == 1) {
    std::copy_n(mixed_.begin() + 1, shape_.width, out.begin());
    return;
  }
  for (std::size_t x = 0; x < shape_.width; ++x) {
    const std::size_t at = (shape_.left + x) / 2 - first + 1;
    const std::size_t beside = (shape_.left + x) % 2 == 0 ? at - 1 : at + 1;
    out[x] = 0.75f * mixed_[at] + 0.25f * mixed_[beside];
  }
}

template <typename Sample>
void PixelRows::convert(const PlaneViews& planes, std::size_t rows, std::size_t y,
                        std::size_t channels, Sample* out) {
  plain_row(planes[0], y, luma_);
  if (shape_.chroma.present && !weights_) {
    plain_row(planes[1], y, blue_);
    plain_row(planes[2], y, red_);
  } else if (shape_.chroma.present) {
    chroma_row(planes[1], rows, y, blue_);
    chroma_row(planes[2], rows, y, red_);
    // ITU-T H.273 equations 41 to 46, solved for the colours.
    const auto kr = static_cast<float>(weights_->red), kb = static_cast<float>(weights_->blue);
    const float kg = 1 - kr - kb;
    for (std::size_t x = 0; x < shape_.width; ++x) {
      const float blue = luma_[x] + 2 * (1 - kb) * blue_[x];
      const float red = luma_[x] + 2 * (1 - kr) * red_[x];
      luma_[x] = (luma_[x] - kr * red - kb * blue) / kg;
      blue_[x] = blue;
      red_[x] = red;
    }
  }
  const bool grey = !shape_.chroma.present;
  for (std::size_t x = 0; x < shape_.width; ++x, out += channels) {
    out[0] = to_sample<Sample>(grey ? luma_[x] : red_[x]);
    out[1] = to_sample<Sample>(luma_[x]);
    out[2] = to_sample<Sample>(grey ? luma_[x] : blue_[x]);
  }
}

template <typename Sample>
void set_alpha(const SampleView& alpha, const RowShape& shape, std::size_t y, bool premultiplied,
               Sample* pixels) {
  constexpr float kMost = std::numeric_limits<Sample>::max();
  const std::uint8_t* const row = alpha.row(y);
  const float scale = 1 / static_cast<float>((1 << shape.bits) - 1);
  for (std::size_t x = 0; x < shape.width; ++x, pixels += 4) {
    const auto stored = sample_at(row, shape.left + x, shape.bits > 8);
    const float value = static_cast<float>(stored) * scale;
    pixels[3] = to_sample<Sample>(value);
    if (!premultiplied) continue;
    for (int c = 0; c < 3; ++c) {
      pixels[c] =
          value > 0 ? to_sample<Sample>(static_cast<float>(pixels[c]) / kMost / value) : Sample{0};
    }
  }
}

template void PixelRows::convert(const PlaneViews&, std::size_t, std::size_t, std::size_t,
                                 std::uint8_t*);
template void PixelRows::convert(const PlaneViews&, std::size_t, std::size_t, std::size_t,
                                 std::uint16_t*);
template void set_alpha(const SampleView&, const RowShape&, std::size_t, bool, std::uint8_t*);
template void set_alpha(const SampleView&, const RowShape&, std::size_t, bool, std::uint16_t*);

}  // namespace thumbmill::heif
