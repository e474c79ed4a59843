#include "image/tiff/pixels.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace thumbmill::tiff {
namespace {

constexpr std::size_t kBehind = 16;

bool is_lab(Colors colors) {
  return colors == Colors::cie_lab || colors == Colors::icc_lab || colors == Colors::itu_lab;
}

// Pictures in inks have no alpha in planes: with it they become RGB.
bool are_inks(const Layout& layout) {
  return layout.colors == Colors::cmyk && layout.alpha == Alpha::none;
}

// Colours that are looked up or computed from samples; others are samples.
bool are_computed(const Layout& layout) {
  return is_lab(layout.colors) || layout.colors == Colors::palette ||
         layout.colors == Colors::ycbcr || (layout.colors == Colors::cmyk && !are_inks(layout));
}

std::size_t channels_of(const Layout& layout) {
  const std::size_t colors = layout.colors == Colors::palette ? 3
                             : layout.colors == Colors::cmyk  ? (are_inks(layout) ? 4 : 3)
                                                              : layout.color_samples();
  return colors + (layout.alpha == Alpha::none ? 0 : 1);
}

bool is_wide(const Layout& layout) {
  if (layout.colors == Colors::palette) return false;
  return layout.bits > 8 || is_lab(layout.colors);
}

Scale color_scale(const Layout& layout) {
  if (is_lab(layout.colors)) return Scale::bits;
  if (layout.colors == Colors::palette) return Scale::numbers;
  return is_wide(layout) ? Scale::words : Scale::bytes;
}

template <typename Sample>
constexpr Sample kMost = std::numeric_limits<Sample>::max();

template <typename Sample>
void invert(Sample* samples, std::size_t count, std::size_t step) {
  for (std::size_t i = 0; i < count; ++i) {
    samples[i * step] = static_cast<Sample>(kMost<Sample> - samples[i * step]);
  }
}

// What each of three inks leaves of its colour, and black of all, as planar::to_rgb() has it.
template <typename Sample>
void inks_to_rgb(const Sample* inks, std::size_t count, std::size_t inks_per_pixel, Sample* out,
                 std::size_t out_step) {
  for (std::size_t i = 0; i < count; ++i, inks += inks_per_pixel, out += out_step) {
    const std::uint32_t left = kMost<Sample> - (inks_per_pixel == 4 ? inks[3] : 0u);
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint32_t light = (kMost<Sample> - inks[c]) * left;
      out[c] = static_cast<Sample>((light + kMost<Sample> / 2) / kMost<Sample>);
    }
  }
}

// Colours that were multiplied by alpha, divided by it.
template <typename Sample>
void divide_by_alpha(Sample* pixels, std::size_t count, std::size_t channels) {
  for (std::size_t i = 0; i < count; ++i, pixels += channels) {
    const std::uint32_t alpha = pixels[channels - 1];
    if (alpha == 0 || alpha == kMost<Sample>) continue;
    for (std::size_t c = 0; c + 1 < channels; ++c) {
      const std::uint32_t color = std::min<std::uint32_t>(pixels[c], alpha);
      pixels[c] = static_cast<Sample>((color * kMost<Sample> + alpha / 2) / alpha);
    }
  }
}

}  // namespace

PixelRows::PixelRows(const Layout& layout, const Palette& palette)
    : layout_(layout),
      channels_(channels_of(layout)),
      wide_(is_wide(layout)),
      as_stored_(is_as_stored()),
      color_reader_(layout.bits, layout.format, color_scale(layout)) {
  const std::size_t sample_bytes = wide_ ? 2 : 1;
  row_.resize(layout.size.width * channels_ * sample_bytes + kBehind);
  if (layout.alpha != Alpha::none) {
    // An 8-bit picture's palette may have wider indices.
    alpha_reader_.emplace(layout.bits, layout.format,
                          wide_ || layout.bits > 8 ? Scale::words : Scale::bytes);
  }
  if (is_lab(layout.colors)) lab_.emplace(layout.colors, layout.bits, layout.format);
  if (layout.colors == Colors::ycbcr) ycbcr_.emplace(layout.ycbcr);
  if (layout.colors == Colors::palette) palette_ = palette;
  if (are_computed(layout)) {
    colors_.resize(std::min(layout.segment.width, layout.size.width) * layout.color_samples() *
                   sizeof(float));
  }
}

planar::ColorModel PixelRows::model() const {
  if (are_inks(layout_)) return planar::ColorModel::cmyk;
  return channels_ < 3 ? planar::ColorModel::grey : planar::ColorModel::rgb;
}

// Whether a row of the file, in one piece, is a row of pixels already.
bool PixelRows::is_as_stored() const {
  const bool whole =
      layout_.format == SampleFormat::whole && (layout_.bits == 8 || layout_.bits == 16);
  return whole && !are_computed(layout_) && layout_.colors != Colors::white_is_zero &&
         layout_.alpha != Alpha::multiplied && layout_.samples_per_pixel == channels_ &&
         layout_.planes() == 1 && layout_.segments_across() == 1;
}

void PixelRows::read_sample(const SampleReader& reader, const Piece& piece, std::size_t row,
                            std::size_t which, void* out, std::size_t out_step) const {
  const std::size_t offset = row * piece.stride;
  if (layout_.separate) {
    reader.read(piece.planes[which] + offset, 0, 1, piece.width, out, out_step);
  } else {
    reader.read(piece.planes[0] + offset, layout_.taken[which], layout_.samples_per_pixel,
                piece.width, out, out_step);
  }
}

void PixelRows::read_colors(const SampleReader& reader, const Piece& piece, std::size_t row,
                            void* out, std::size_t sample_bytes, std::size_t out_step) const {
  const std::size_t count = layout_.color_samples();
  if (!layout_.separate && count == layout_.samples_per_pixel && out_step == count) {
    reader.read(piece.planes[0] + row * piece.stride, 0, 1, piece.width * count, out, 1);
    return;
  }
  for (std::size_t c = 0; c < count; ++c) {
    read_sample(reader, piece, row, c, static_cast<std::uint8_t*>(out) + c * sample_bytes,
                out_step);
  }
}

template <typename Sample>
void PixelRows::convert_colors(const Piece& piece, std::size_t row, Sample* out) {
  const std::size_t count = layout_.color_samples();
  if (!are_computed(layout_)) {
    read_colors(color_reader_, piece, row, out, sizeof(Sample), channels_);
    if (layout_.colors == Colors::white_is_zero) invert(out, piece.width, channels_);
    // Cyan, magenta and yellow without black.
    if (layout_.colors == Colors::cmyk && count == 3) {
      for (std::size_t x = 0; x < piece.width; ++x) out[x * channels_ + 3] = 0;
    }
    return;
  }
  if (layout_.colors == Colors::cmyk) {
    auto* const inks = reinterpret_cast<Sample*>(colors_.data());
    read_colors(color_reader_, piece, row, inks, sizeof(Sample), count);
    inks_to_rgb(inks, piece.width, count, out, channels_);
    return;
  }
  if constexpr (sizeof(Sample) == 2) {
    auto* const lab = reinterpret_cast<float*>(colors_.data());
    read_colors(color_reader_, piece, row, lab, sizeof(float), count);
    if (count == 1) {
      lab_->convert_lightness(lab, piece.width, out, channels_);
    } else {
      lab_->convert(lab, piece.width, out, channels_);
    }
  } else if (layout_.colors == Colors::ycbcr) {
    read_colors(color_reader_, piece, row, colors_.data(), 1, count);
    ycbcr_->convert(colors_.data(), piece.width, out, channels_);
  } else {
    auto* const indices = reinterpret_cast<std::uint16_t*>(colors_.data());
    read_colors(color_reader_, piece, row, indices, sizeof(std::uint16_t), count);
    for (std::size_t x = 0; x < piece.width; ++x) {
      const auto& color = palette_[indices[x]];
      for (std::size_t c = 0; c < 3; ++c) {
        out[x * channels_ + c] = static_cast<std::uint8_t>((color[c] + 128u) / 257);
      }
    }
  }
}

template <typename Sample>
void PixelRows::convert_piece(const Piece& piece, std::size_t row, Sample* out) {
  convert_colors(piece, row, out);
  if (layout_.alpha == Alpha::none) return;
  const std::size_t which = layout_.color_samples();
  if (sizeof(Sample) == 1 && layout_.bits > 8) {
    std::vector<std::uint16_t> alpha(piece.width);
    read_sample(*alpha_reader_, piece, row, which, alpha.data(), 1);
    for (std::size_t x = 0; x < piece.width; ++x) {
      out[x * channels_ + channels_ - 1] = static_cast<Sample>((alpha[x] + 128u) / 257);
    }
  } else {
    read_sample(*alpha_reader_, piece, row, which, out + channels_ - 1, channels_);
  }
  if (layout_.alpha == Alpha::multiplied) divide_by_alpha(out, piece.width, channels_);
}

template <typename Sample>
const void* PixelRows::convert_to(const Band& band, std::size_t row) {
  auto* const out = reinterpret_cast<Sample*>(row_.data());
  for (const Piece& piece : band.pieces) {
    Sample* const begin = out + piece.left * channels_;
    if (row < piece.rows) {
      convert_piece(piece, row, begin);
    } else {
      const bool dark = layout_.alpha != Alpha::none || are_inks(layout_);
      std::fill_n(begin, piece.width * channels_, dark ? Sample{0} : kMost<Sample>);
    }
  }
  return out;
}

const void* PixelRows::convert(const Band& band, std::size_t row) {
  const Piece& first = band.pieces.front();
  if (as_stored_ && row < first.rows) return first.planes[0] + row * first.stride;
  return wide_ ? convert_to<std::uint16_t>(band, row) : convert_to<std::uint8_t>(band, row);
}

}  // namespace thumbmill::tiff
