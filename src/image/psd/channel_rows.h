// The rows of a PSD's channels, which lie one channel after the other: a row of each at a time.
// Unpacks PackBits. Internal to image/psd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "image/psd/container.h"

namespace thumbmill::psd {

/// One thread at a time. `parts` outlives it.
class ChannelRows {
 public:
  /// Of the first `count` channels, which is at most parts.channels.
  ChannelRows(const Parts& parts, std::size_t count);

  /// Goes to the next row. False when not all of its channels are there.
  bool next();

  /// The row's bytes of a channel, parts.row_bytes(); valid until next().
  const std::uint8_t* row(std::size_t channel) const {
    return rows_.data() + channel * parts_.row_bytes();
  }

 private:
  std::size_t packed_bytes(std::size_t channel, std::size_t y) const;
  void find_channels();

  const Parts& parts_;
  const std::size_t count_;
  std::vector<std::uint64_t> at_;  // where each channel's next row begins in the data
  std::size_t y_ = 0;
  std::vector<std::uint8_t> rows_;
};

/// Writes `size` bytes of what `packed` stands for (Apple's PackBits, as TIFF 6.0 section 9 has
/// it); zeros when that is less.
void unpack_bits(std::string_view packed, std::uint8_t* out, std::size_t size);

}  // namespace thumbmill::psd
