#include "image/planar/video_range.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace thumbmill::planar {
namespace {

using Table = std::array<std::uint8_t, 256>;

// Of a level that stays the same, and by how much others lie nearer or farther from it: `to` for
// each `from`, halves rounded away from it.
constexpr Table make_table(int from_fixed, int to_fixed, int from, int to) {
  Table table{};
  for (int level = 0; level < 256; ++level) {
    const int distance = level - from_fixed;
    const int rounding = distance < 0 ? -from / 2 : from / 2;
    const int moved = to_fixed + (distance * to + rounding) / from;
    table[static_cast<std::size_t>(level)] = static_cast<std::uint8_t>(std::clamp(moved, 0, 255));
  }
  return table;
}

constexpr Table kLumaToVideo = make_table(0, 16, 255, 219);
constexpr Table kLumaToFull = make_table(16, 0, 219, 255);
constexpr Table kDifferenceToVideo = make_table(128, 128, 255, 224);
constexpr Table kDifferenceToFull = make_table(128, 128, 224, 255);

void apply(const Table& table, std::span<std::uint8_t> samples) {
  for (std::uint8_t& sample : samples) sample = table[sample];
}

}  // namespace

void to_video_range(std::span<std::uint8_t> samples, SampleKind kind) {
  apply(kind == SampleKind::luma ? kLumaToVideo : kDifferenceToVideo, samples);
}

void to_full_range(std::span<std::uint8_t> samples, SampleKind kind) {
  apply(kind == SampleKind::luma ? kLumaToFull : kDifferenceToFull, samples);
}

}  // namespace thumbmill::planar
