#include "image/bmp/run_lengths.h"

#include <algorithm>
#include <cstring>

#include "image/byte_order.h"

namespace thumbmill::bmp {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

}  // namespace

Palette palette_of(const Dib& dib) {
  Palette palette;
  palette.fill({0, 0, 0, 255});
  const std::size_t entries = std::min<std::size_t>(256, dib.palette.size() / dib.palette_entry);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::string_view entry = dib.palette.substr(i * dib.palette_entry, 3);
    palette[i] = {byte_at(entry, 2), byte_at(entry, 1), byte_at(entry, 0), 255};
  }
  return palette;
}

RunLengthRows::RunLengthRows(const Dib& dib)
    : dib_(dib),
      palette_(palette_of(dib)),
      rest_(dib.data),
      row_(dib.size.width * 4 + planar::kRowPadding) {}

void RunLengthRows::put(const std::array<std::uint8_t, 4>& pixel) {
  if (x_ < dib_.size.width) std::memcpy(row_.data() + 4 * x_, pixel.data(), 4);
  ++x_;
}

// `count` times what the next byte, or the next three, say.
bool RunLengthRows::take_run(std::size_t count) {
  const std::size_t bytes = dib_.compression == Compression::rle24 ? 3 : 1;
  if (rest_.size() < bytes) return false;
  const unsigned value = byte_at(rest_, 0);
  const unsigned high = value >> 4;
  const unsigned low = value & 15;
  for (std::size_t i = 0; i < count; ++i) {
    switch (dib_.compression) {
      case Compression::rle24:
        put({byte_at(rest_, 2), byte_at(rest_, 1), byte_at(rest_, 0), 255});
        break;
      case Compression::rle4:
        put(palette_[i % 2 == 0 ? high : low]);
        break;
      default:
        put(palette_[value]);
    }
  }
  rest_.remove_prefix(bytes);
  return true;
}

// `count` pixels one by one, in whole words of 16 bits.
bool RunLengthRows::take_literals(std::size_t count) {
  const unsigned bits = dib_.bits;
  const std::size_t bytes = (count * bits + 7) / 8;
  if (rest_.size() < bytes) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (bits == 24) {
      put({byte_at(rest_, 3 * i + 2), byte_at(rest_, 3 * i + 1), byte_at(rest_, 3 * i), 255});
    } else if (bits == 4) {
      put(palette_[byte_at(rest_, i / 2) >> (i % 2 == 0 ? 4 : 0) & 15]);
    } else {
      put(palette_[byte_at(rest_, i)]);
    }
  }
  rest_ = bytes_at(rest_, bytes + bytes % 2);
  return true;
}

bool RunLengthRows::take_escape(unsigned code) {
  constexpr unsigned kEndOfRow = 0;
  constexpr unsigned kEndOfBitmap = 1;
  constexpr unsigned kDelta = 2;
  if (code == kEndOfRow) {
    row_ended_ = true;
    x_ = 0;
    return true;
  }
  if (code == kEndOfBitmap) return false;
  if (code != kDelta) return take_literals(code);
  if (rest_.size() < 2) return false;
  x_ += byte_at(rest_, 0);
  rows_to_skip_ = byte_at(rest_, 1);
  row_ended_ = rows_to_skip_ > 0;
  if (row_ended_) --rows_to_skip_;
  rest_.remove_prefix(2);
  return true;
}

// The codes of the current row. False at the end of all.
bool RunLengthRows::take_codes() {
  while (!row_ended_) {
    if (rest_.size() < 2) return false;
    const std::size_t count = byte_at(rest_, 0);
    const unsigned code = byte_at(rest_, 1);
    if (count > 0) {
      rest_.remove_prefix(1);
      if (!take_run(count)) return false;
    } else {
      rest_.remove_prefix(2);
      if (!take_escape(code)) return false;
    }
  }
  row_ended_ = false;
  return true;
}

std::uint8_t* RunLengthRows::next() {
  std::fill(row_.begin(), row_.end(), std::uint8_t{0});
  if (rows_to_skip_ > 0) {
    --rows_to_skip_;
    return row_.data();
  }
  if (ended_) return nullptr;
  ended_ = !take_codes();
  // Codes may end with the last row, or within a row, of which there is something then.
  const bool any = !ended_ || std::any_of(row_.begin(), row_.end(), [](auto v) { return v != 0; });
  return any ? row_.data() : nullptr;
}

}  // namespace thumbmill::bmp
