// What a Photoshop file (PSD, and PSB for large ones) says of its merged picture: Adobe Photoshop
// file formats specification. Layers are not read, but for whether the merged picture has
// transparency. Does not read pixels. Internal to image/psd; a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::psd {

enum class Mode { bitmap, grey, indexed, rgb, cmyk, lab };

struct Parts {
  SizePx size;  ///< at least 1 x 1
  Mode mode = Mode::rgb;
  unsigned depth_bits = 8;   ///< of a sample: 1 of a bitmap, else 8, 16, or 32 for floats
  std::size_t channels = 3;  ///< stored, at least as many as the mode has
  bool is_large = false;     ///< PSB: row lengths have 4 bytes
  bool has_alpha = false;    ///< the channel behind those of the mode is the picture's transparency
  std::string_view palette;  ///< of an indexed one: 256 reds, as many greens and blues
  std::optional<std::uint32_t> clear_index = {};
  std::string_view profile;  ///< ICC; empty without
  bool packed = false;       ///< rows are in PackBits
  std::string_view data;     ///< channel by channel, from the top row

  /// Channels that the mode has.
  std::size_t colors() const;
  std::size_t row_bytes() const { return (std::size_t{size.width} * depth_bits + 7) / 8; }
};

/// unsupported: no merged picture, ZIP, or an unknown mode. corrupt_input: not such a file. Every
/// read is bounded.
Result<Parts> take_psd_apart(std::string_view file);

}  // namespace thumbmill::psd
