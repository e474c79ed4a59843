// What BoxReducer does in the plainest way there is, and in double precision, for tests to compare
// with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "image/planar/box_reduce.h"

namespace thumbmill::planar {

/// `bytes` are height_px x width_px x channels samples of 8 bits or, if `wide`, 16 in the machine's
/// order.
inline Picture naive_reduce(const std::string& bytes, std::size_t width, std::size_t height,
                            std::size_t channels, bool has_alpha, bool wide, std::size_t side) {
  const auto sample = [&](std::size_t x, std::size_t y, std::size_t c) -> double {
    const std::size_t at = (y * width + x) * channels + c;
    if (!wide) return static_cast<unsigned char>(bytes[at]);
    std::uint16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * at, 2);
    return value / 257.0;
  };
  const BoxGrid across(width, side);
  const BoxGrid down(height, side);
  // Means, of colour times alpha where there is one.
  const auto mean = [&](std::size_t u, std::size_t v, std::size_t c) {
    double total = 0;
    for (std::size_t y = down.begin(v); y < down.end(v); ++y) {
      for (std::size_t x = across.begin(u); x < across.end(u); ++x) {
        const bool weighted = has_alpha && c + 1 < channels;
        total += sample(x, y, c) * (weighted ? sample(x, y, channels - 1) / 255 : 1);
      }
    }
    return total /
           static_cast<double>((down.end(v) - down.begin(v)) * (across.end(u) - across.begin(u)));
  };
  const std::size_t columns = across.count();
  const std::size_t rows = down.count();
  const BoxTaps taps = taps_of(side);
  Picture reduced;
  reduced.model = channels < 3 ? ColorModel::grey : ColorModel::rgb;
  if (channels == 4 && !has_alpha) reduced.model = ColorModel::cmyk;
  reduced.has_alpha = has_alpha;
  for (std::size_t c = 0; c < channels; ++c) {
    std::vector<double> means;
    for (std::size_t v = 0; v < rows; ++v) {
      for (std::size_t u = 0; u < columns; ++u) means.push_back(mean(u, v, c));
    }
    const auto tapped_down = [&](std::size_t u, std::size_t v) {
      const auto at = [&](std::size_t row) { return means[row * columns + u]; };
      return taps.beside * (at(v == 0 ? 0 : v - 1) + at(std::min(v + 1, rows - 1))) +
             taps.here * at(v);
    };
    Plane& plane = reduced.planes.emplace_back();
    plane.width = plane.stride = columns;
    plane.height = rows;
    plane.extent_x = static_cast<double>(width) / static_cast<double>(side);
    plane.extent_y = static_cast<double>(height) / static_cast<double>(side);
    for (std::size_t v = 0; v < rows; ++v) {
      for (std::size_t u = 0; u < columns; ++u) {
        const double tapped = taps.beside * (tapped_down(u == 0 ? 0 : u - 1, v) +
                                             tapped_down(std::min(u + 1, columns - 1), v)) +
                              taps.here * tapped_down(u, v);
        plane.samples.push_back(
            static_cast<std::uint8_t>(std::floor(std::clamp(tapped, 0.0, 255.0) + 0.5)));
      }
    }
  }
  return reduced;
}

/// The greatest difference of a sample, for pictures of the same shape; else a great number.
inline int greatest_difference(const Picture& a, const Picture& b) {
  constexpr int kDifferent = 1 << 20;
  if (a.model != b.model || a.has_alpha != b.has_alpha || a.planes.size() != b.planes.size()) {
    return kDifferent;
  }
  int greatest = 0;
  for (std::size_t i = 0; i < a.planes.size(); ++i) {
    const Plane& one = a.planes[i];
    const Plane& other = b.planes[i];
    if (one.width != other.width || one.height != other.height || one.stride != other.stride ||
        one.extent_x != other.extent_x || one.extent_y != other.extent_y) {
      return kDifferent;
    }
    for (std::size_t j = 0; j < one.samples.size(); ++j) {
      greatest = std::max(greatest, std::abs(one.samples[j] - other.samples[j]));
    }
  }
  return greatest;
}

}  // namespace thumbmill::planar
