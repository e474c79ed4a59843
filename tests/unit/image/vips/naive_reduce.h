// What BoxReducer does in the plainest way there is, and in double precision, for tests to compare
// with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "image/vips/box_reduce.h"

namespace thumbmill {

/// `bytes` are height_px x width_px x channels samples of 8 bits or, if `wide`, 16 in the machine's
/// order.
inline ReducedPixels naive_reduce(const std::string& bytes, std::size_t width, std::size_t height,
                                  std::size_t channels, bool has_alpha, bool wide,
                                  std::size_t side) {
  const auto sample = [&](std::size_t x, std::size_t y, std::size_t c) -> double {
    const std::size_t at = (y * width + x) * channels + c;
    if (!wide) return static_cast<unsigned char>(bytes[at]);
    std::uint16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * at, 2);
    return value;
  };
  const BoxGrid across(width, side);
  const BoxGrid down(height, side);
  // Means, of colour times alpha where there is one.
  const auto mean = [&](std::size_t u, std::size_t v, std::size_t c) {
    double total = 0;
    for (std::size_t y = down.begin(v); y < down.end(v); ++y) {
      for (std::size_t x = across.begin(u); x < across.end(u); ++x) {
        const bool weighted = has_alpha && c + 1 < channels;
        total += sample(x, y, c) * (weighted ? sample(x, y, channels - 1) : 1);
      }
    }
    return total /
           static_cast<double>((down.end(v) - down.begin(v)) * (across.end(u) - across.begin(u)));
  };
  const std::size_t columns = across.count();
  const std::size_t rows = down.count();
  std::vector<double> means(columns * rows * channels);
  const auto at = [&](std::size_t u, std::size_t v, std::size_t c) -> double& {
    return means[(v * columns + u) * channels + c];
  };
  for (std::size_t v = 0; v < rows; ++v) {
    for (std::size_t u = 0; u < columns; ++u) {
      for (std::size_t c = 0; c < channels; ++c) at(u, v, c) = mean(u, v, c);
    }
  }
  const BoxTaps over = taps_of(across);
  const BoxTaps along = taps_of(down);
  const auto tapped_down = [&](std::size_t u, std::size_t v, std::size_t c) {
    return along.before * at(u, v == 0 ? 0 : v - 1, c) + along.here * at(u, v, c) +
           along.after * at(u, std::min(v + 1, rows - 1), c);
  };
  const auto tapped = [&](std::size_t u, std::size_t v, std::size_t c) {
    return over.before * tapped_down(u == 0 ? 0 : u - 1, v, c) + over.here * tapped_down(u, v, c) +
           over.after * tapped_down(std::min(u + 1, columns - 1), v, c);
  };
  ReducedPixels reduced{columns, rows, channels, wide, {}};
  const auto put = [&](double value) {
    const double most = wide ? 65535 : 255;
    const auto rounded = static_cast<std::uint32_t>(std::floor(std::clamp(value, 0.0, most) + 0.5));
    reduced.bytes.push_back(static_cast<std::uint8_t>(rounded));
    if (wide) reduced.bytes.push_back(static_cast<std::uint8_t>(rounded >> 8));
  };
  for (std::size_t v = 0; v < rows; ++v) {
    for (std::size_t u = 0; u < columns; ++u) {
      const double alpha = has_alpha ? tapped(u, v, channels - 1) : 1;
      for (std::size_t c = 0; c < channels; ++c) {
        const bool weighted = has_alpha && c + 1 < channels;
        put(has_alpha && alpha < 0.5 ? 0 : tapped(u, v, c) / (weighted ? alpha : 1));
      }
    }
  }
  return reduced;
}

/// The greatest difference of a sample, for pictures of the same shape; else a great number.
inline int greatest_difference(const ReducedPixels& a, const ReducedPixels& b) {
  if (a.width_px != b.width_px || a.height_px != b.height_px || a.channels != b.channels ||
      a.wide != b.wide || a.bytes.size() != b.bytes.size()) {
    return 1 << 20;
  }
  int greatest = 0;
  for (std::size_t i = 0; i < a.bytes.size(); i += a.wide ? 2 : 1) {
    const auto value = [&](const ReducedPixels& picture) {
      return picture.wide ? picture.bytes[i] | picture.bytes[i + 1] << 8 : picture.bytes[i];
    };
    greatest = std::max(greatest, std::abs(value(a) - value(b)));
  }
  return greatest;
}

}  // namespace thumbmill
