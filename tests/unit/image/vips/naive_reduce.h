// The mean of boxes in the plainest way there is, for tests to compare with.
#pragma once

#include <cstring>
#include <string>

#include "image/vips/box_reduce.h"

namespace thumbmill {

/// `bytes` are height_px x width_px x channels samples of 8 bits or, if `wide`, 16 in the machine's
/// order.
inline ReducedPixels naive_reduce(const std::string& bytes, std::size_t width, std::size_t height,
                                  std::size_t channels, bool has_alpha, bool wide,
                                  std::size_t side) {
  const auto sample = [&](std::size_t x, std::size_t y, std::size_t c) -> std::uint64_t {
    const std::size_t at = (y * width + x) * channels + c;
    if (!wide) return static_cast<unsigned char>(bytes[at]);
    std::uint16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * at, 2);
    return value;
  };
  const BoxGrid across(width, side);
  const BoxGrid down(height, side);
  ReducedPixels reduced{across.count(), down.count(), channels, wide, {}};
  const auto put = [&](std::uint64_t value) {
    reduced.bytes.push_back(static_cast<std::uint8_t>(value));
    if (wide) reduced.bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  };
  for (std::size_t v = 0; v < down.count(); ++v) {
    for (std::size_t u = 0; u < across.count(); ++u) {
      const std::size_t area = (down.end(v) - down.begin(v)) * (across.end(u) - across.begin(u));
      const auto sum = [&](auto value) {
        std::uint64_t total = 0;
        for (std::size_t y = down.begin(v); y < down.end(v); ++y) {
          for (std::size_t x = across.begin(u); x < across.end(u); ++x) total += value(x, y);
        }
        return total;
      };
      const std::uint64_t alpha =
          sum([&](std::size_t x, std::size_t y) { return sample(x, y, channels - 1); });
      for (std::size_t c = 0; c < channels; ++c) {
        const bool weighted = has_alpha && c + 1 < channels;
        const std::uint64_t total = sum([&](std::size_t x, std::size_t y) {
          return sample(x, y, c) * (weighted ? sample(x, y, channels - 1) : 1);
        });
        const std::uint64_t divisor = weighted ? alpha : area;
        put(divisor == 0 ? 0 : (total + divisor / 2) / divisor);
      }
    }
  }
  return reduced;
}

}  // namespace thumbmill
