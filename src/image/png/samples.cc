#include "image/png/samples.h"

#include <algorithm>
#include <cstring>

namespace thumbmill {
namespace {

std::uint16_t big_endian(const char* bytes) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                    static_cast<unsigned char>(bytes[1]));
}

}  // namespace

PngSampleShape png_sample_shape(const PngParts& parts) {
  const bool has_key = !parts.transparency.empty();
  switch (parts.header.color) {
    case PngColor::palette:
      return {has_key ? std::size_t{4} : 3, has_key, false};
    case PngColor::grey_alpha:
    case PngColor::rgb_alpha:
      return {parts.header.channels(), true, parts.header.depth_bits == 16};
    default:
      return {parts.header.channels() + (has_key ? 1 : 0), has_key, parts.header.depth_bits == 16};
  }
}

PngSamples::PngSamples(const PngParts& parts, std::size_t width)
    : parts_(parts), width_(width), shape_(png_sample_shape(parts)), convert_(choose()) {
  const unsigned depth = parts.header.depth_bits;
  const bool indexed = parts.header.color == PngColor::palette;
  if (indexed) {
    set_palette();
  } else {
    // Of the two bytes a sample, only as many bits as a sample has count (PNG 3rd
    // edition 11.3.1.1).
    for (std::size_t i = 0; i < parts.transparency.size() / 2; ++i) {
      key_.at(i) = static_cast<std::uint16_t>(big_endian(parts.transparency.data() + 2 * i) &
                                              ((1u << depth) - 1));
    }
  }
  if (depth < 8) indices_.resize(width_ + 8);
  if (shape_.wide) wide_.resize(width_ * parts.header.channels());
  // A few bytes more: four are written for a pixel of three, and 16 read at once.
  const bool own_row = indexed || shape_.has_alpha || depth < 8;
  if (own_row && !shape_.wide) out8_.resize(width_ * shape_.channels + 16);
  if (own_row && shape_.wide) out16_.resize(width_ * shape_.channels);
}

void PngSamples::set_palette() {
  const std::size_t entries = parts_.palette.size() / 3;
  for (std::size_t i = 0; i < palette_.size(); ++i) {
    const std::size_t entry = std::min(i, entries - 1);
    const bool has_alpha = entry < parts_.transparency.size();
    std::memcpy(palette_[i].data(), parts_.palette.data() + 3 * entry, 3);
    palette_[i][3] = has_alpha ? static_cast<std::uint8_t>(parts_.transparency[entry]) : 255;
  }
}

PngSamples::Convert PngSamples::choose() const {
  const PngHeader& header = parts_.header;
  if (header.color == PngColor::palette) return &PngSamples::looked_up;
  if (!parts_.transparency.empty()) return &PngSamples::keyed;
  if (header.depth_bits == 16) return &PngSamples::in_native_order;
  return header.depth_bits == 8 ? &PngSamples::as_they_are : &PngSamples::spread;
}

const void* PngSamples::convert(const std::uint8_t* row) { return (this->*convert_)(row); }

// One sample a byte; the leftmost is in the high bits (PNG 3rd edition 7.2).
const std::uint8_t* PngSamples::unpacked(const std::uint8_t* row) {
  const unsigned depth = parts_.header.depth_bits;
  if (depth == 8) return row;
  const unsigned per_byte = 8 / depth;
  const unsigned mask = (1u << depth) - 1;
  std::uint8_t* to = indices_.data();
  for (std::size_t i = 0; i < width_; i += per_byte) {
    const unsigned byte = *row++;
    for (unsigned shift = 8; shift > 0; shift -= depth) {
      *to++ = static_cast<std::uint8_t>(byte >> (shift - depth) & mask);
    }
  }
  return indices_.data();
}

const void* PngSamples::spread(const std::uint8_t* row) {
  const std::uint8_t* from = unpacked(row);
  const unsigned scale = 255 / ((1u << parts_.header.depth_bits) - 1);
  std::transform(from, from + width_, out8_.begin(),
                 [&](unsigned value) { return static_cast<std::uint8_t>(value * scale); });
  return out8_.data();
}

const void* PngSamples::looked_up(const std::uint8_t* row) {
  const std::uint8_t* from = unpacked(row);
  std::uint8_t* to = out8_.data();
  for (std::size_t i = 0; i < width_; ++i, to += shape_.channels) {
    std::memcpy(to, palette_[from[i]].data(), 4);
  }
  return out8_.data();
}

const void* PngSamples::in_native_order(const std::uint8_t* row) {
  for (std::size_t i = 0; i < wide_.size(); ++i) {
    wide_[i] = static_cast<std::uint16_t>(row[2 * i] << 8 | row[2 * i + 1]);
  }
  return wide_.data();
}

template <typename Sample>
const void* PngSamples::with_key_as_alpha(const Sample* samples) {
  Sample* to = nullptr;
  if constexpr (sizeof(Sample) == 1) {
    to = out8_.data();
  } else {
    to = out16_.data();
  }
  // Depths below 8 bits are compared as stored and spread afterwards (PNG 3rd edition 11.3.1.1).
  const unsigned depth = parts_.header.depth_bits;
  const unsigned scale = depth < 8 ? 255 / ((1u << depth) - 1) : 1;
  const std::size_t colors = shape_.channels - 1;
  for (std::size_t i = 0; i < width_; ++i) {
    const Sample* pixel = samples + i * colors;
    const bool clear = std::equal(pixel, pixel + colors, key_.begin());
    for (std::size_t c = 0; c < colors; ++c) *to++ = static_cast<Sample>(pixel[c] * scale);
    *to++ = clear ? Sample{0} : static_cast<Sample>(~Sample{0});
  }
  if constexpr (sizeof(Sample) == 1) {
    return out8_.data();
  } else {
    return out16_.data();
  }
}

const void* PngSamples::keyed(const std::uint8_t* row) {
  if (!shape_.wide) return with_key_as_alpha(unpacked(row));
  return with_key_as_alpha(static_cast<const std::uint16_t*>(in_native_order(row)));
}

}  // namespace thumbmill
