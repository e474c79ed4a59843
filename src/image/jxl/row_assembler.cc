#include "image/jxl/row_assembler.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thumbmill::jxl {
namespace {

// Not a number becomes 0.
std::uint16_t to_16_bits(float value) {
  return value > 0 ? static_cast<std::uint16_t>(std::min(value, 1.0f) * 65535 + 0.5f) : 0;
}

template <std::size_t kChannels>
void convert(const float* from, std::size_t count, std::uint16_t* to) {
  constexpr bool kAlpha = kChannels == 2 || kChannels == 4;
  constexpr std::size_t kStep = kAlpha ? 4 : 3;
  constexpr std::size_t kColors = kAlpha ? kChannels - 1 : kChannels;
  for (std::size_t i = 0; i < count; ++i, from += kStep, to += kChannels) {
    for (std::size_t c = 0; c < kColors; ++c) to[c] = to_16_bits(from[c]);
    if constexpr (kAlpha) to[kColors] = to_16_bits(from[3]);
  }
}

}  // namespace

RowAssembler::RowAssembler(std::size_t width, std::size_t height, std::size_t channels, Sink sink)
    : width_(width), channels_(channels), sink_(std::move(sink)), rows_(height) {}

std::unique_ptr<std::uint16_t[]> RowAssembler::take_buffer() {
  if (spare_.empty()) return std::make_unique<std::uint16_t[]>(width_ * channels_);
  std::unique_ptr<std::uint16_t[]> buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void RowAssembler::add(std::size_t x, std::size_t y, std::size_t count, const float* samples) {
  if (y < next_ || y >= rows_.size() || x > width_ || count > width_ - x) return;
  Row& row = rows_[y];
  if (row.samples == nullptr) {
    row.samples = take_buffer();
    std::memset(row.samples.get(), 0, width_ * channels_ * sizeof(std::uint16_t));
  }
  std::uint16_t* const to = row.samples.get() + x * channels_;
  switch (channels_) {
    case 1:
      convert<1>(samples, count, to);
      break;
    case 2:
      convert<2>(samples, count, to);
      break;
    case 3:
      convert<3>(samples, count, to);
      break;
    default:
      convert<4>(samples, count, to);
  }
  row.count += count;
  while (next_ < rows_.size() && rows_[next_].count >= width_) hand_out(rows_[next_++]);
}

void RowAssembler::hand_out(Row& row) {
  sink_(row.samples.get());
  spare_.push_back(std::move(row.samples));
}

void RowAssembler::finish() {
  for (; next_ < rows_.size(); ++next_) {
    Row& row = rows_[next_];
    if (row.samples == nullptr) {
      // The spare one on top is the row above.
      if (spare_.empty()) spare_.push_back(std::make_unique<std::uint16_t[]>(width_ * channels_));
      row.samples = take_buffer();
    }
    hand_out(row);
  }
}

}  // namespace thumbmill::jxl
