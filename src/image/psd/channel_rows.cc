#include "image/psd/channel_rows.h"

#include <algorithm>
#include <cstring>

#include "image/byte_order.h"

namespace thumbmill::psd {

void unpack_bits(std::string_view packed, std::uint8_t* out, std::size_t size) {
  while (size > 0 && !packed.empty()) {
    const auto code = static_cast<std::int8_t>(packed.front());
    packed.remove_prefix(1);
    if (code == -128) continue;
    std::size_t count = 0;
    if (code >= 0) {
      count = std::min({std::size_t(code) + 1, size, packed.size()});
      std::memcpy(out, packed.data(), count);
      packed.remove_prefix(count);
    } else {
      if (packed.empty()) break;
      count = std::min(static_cast<std::size_t>(1 - code), size);
      std::memset(out, static_cast<unsigned char>(packed.front()), count);
      packed.remove_prefix(1);
    }
    out += count;
    size -= count;
  }
  std::memset(out, 0, size);
}

ChannelRows::ChannelRows(const Parts& parts, std::size_t count)
    : parts_(parts), count_(count), at_(count), rows_(count * parts.row_bytes()) {
  find_channels();
}

// By the table in front of the data.
std::size_t ChannelRows::packed_bytes(std::size_t channel, std::size_t y) const {
  const std::size_t bytes = parts_.is_large ? 4 : 2;
  return big_endian_at(parts_.data, (channel * parts_.size.height + y) * bytes, bytes);
}

void ChannelRows::find_channels() {
  const std::size_t height = parts_.size.height;
  if (!parts_.packed) {
    for (std::size_t c = 0; c < count_; ++c) at_[c] = c * height * parts_.row_bytes();
    return;
  }
  std::uint64_t at = parts_.channels * height * (parts_.is_large ? 4 : 2);
  for (std::size_t c = 0; c < count_; ++c) {
    at_[c] = at;
    for (std::size_t y = 0; y < height; ++y) at += packed_bytes(c, y);
  }
}

bool ChannelRows::next() {
  const std::size_t row_bytes = parts_.row_bytes();
  for (std::size_t c = 0; c < count_; ++c) {
    const std::size_t stored = parts_.packed ? packed_bytes(c, y_) : row_bytes;
    const std::string_view bytes = bytes_at(parts_.data, at_[c], stored);
    if (bytes.size() < stored || stored == 0) return false;
    std::uint8_t* const row = rows_.data() + c * row_bytes;
    if (parts_.packed) {
      unpack_bits(bytes, row, row_bytes);
    } else {
      std::memcpy(row, bytes.data(), row_bytes);
    }
    at_[c] += stored;
  }
  ++y_;
  return true;
}

}  // namespace thumbmill::psd
