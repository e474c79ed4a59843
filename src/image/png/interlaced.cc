#include "image/png/interlaced.h"

#include <algorithm>
#include <cstring>

#include "image/png/rows.h"

namespace thumbmill {
namespace {

constexpr std::size_t kBehind = 16;  // readable bytes behind a row (BoxReducer::add)

// The last pixel of the pass at or in front of `at` in one direction, if `at` lies in its block;
// else a number above `at`.
std::size_t block_begin(std::size_t at, std::size_t first, std::size_t step, std::size_t block) {
  if (at < first) return at + 1;
  const std::size_t offset = (at - first) % step;
  return offset < block ? at - offset : at + 1;
}

}  // namespace

PngInterlaced::PngInterlaced(const PngParts& parts, PngRows& rows)
    : header_(parts.header),
      pixel_bytes_(png_sample_shape(parts).pixel_bytes()),
      stride_(header_.width_px * pixel_bytes_),
      known_rows_(header_.height_px),
      samples_(stride_ * header_.height_px + kBehind) {
  for (std::size_t number = 0; number < kAdam7.size(); ++number) {
    const Adam7Pass& pass = kAdam7[number];
    const std::size_t height = pass.height(header_);
    if (height == 0) continue;
    const std::size_t done =
        for_each_png_row(parts, rows, pass.width(header_), height,
                         [&](std::size_t y, const void* samples) { put(pass, y, samples); });
    if (done == height) continue;
    if (number == 0) known_rows_ = std::min(known_rows_, done * pass.block_height);
    fill(number, done);
    return;
  }
}

std::uint64_t PngInterlaced::memory(const PngParts& parts) {
  return std::uint64_t{parts.header.width_px} * parts.header.height_px *
         png_sample_shape(parts).pixel_bytes();
}

template <std::size_t kPixel>
void PngInterlaced::scatter(const Adam7Pass& pass, std::size_t y, const std::uint8_t* samples) {
  std::uint8_t* to = samples_.data() + (pass.first_y + y * pass.step_y) * stride_;
  for (std::size_t x = pass.first_x; x < header_.width_px; x += pass.step_x, samples += kPixel) {
    std::memcpy(to + x * kPixel, samples, kPixel);
  }
}

void PngInterlaced::put(const Adam7Pass& pass, std::size_t y, const void* samples) {
  const auto* from = static_cast<const std::uint8_t*>(samples);
  switch (pixel_bytes_) {
    case 1:
      return scatter<1>(pass, y, from);
    case 2:
      return scatter<2>(pass, y, from);
    case 3:
      return scatter<3>(pass, y, from);
    case 4:
      return scatter<4>(pass, y, from);
    case 6:
      return scatter<6>(pass, y, from);
    default:
      return scatter<8>(pass, y, from);
  }
}

void PngInterlaced::fill(std::size_t pass, std::size_t rows) {
  const auto is_there = [&](std::size_t number, std::size_t y) {
    return number < pass || (y - kAdam7[number].first_y) / kAdam7[number].step_y < rows;
  };
  for (std::size_t y = 0; y < known_rows_; ++y) {
    std::uint8_t* const row = samples_.data() + y * stride_;
    for (std::size_t x = 0; x < header_.width_px; ++x) {
      // The finest pass that has something for this place. Sources are never written: a pixel that
      // is there stands for itself first.
      for (std::size_t number = pass + 1; number-- > 0;) {
        const Adam7Pass& from = kAdam7[number];
        const std::size_t u = block_begin(x, from.first_x, from.step_x, from.block_width);
        const std::size_t v = block_begin(y, from.first_y, from.step_y, from.block_height);
        if (u > x || v > y || !is_there(number, v)) continue;
        const std::uint8_t* pixel = samples_.data() + v * stride_ + u * pixel_bytes_;
        if (u != x || v != y) std::memcpy(row + x * pixel_bytes_, pixel, pixel_bytes_);
        break;
      }
    }
  }
}

}  // namespace thumbmill
