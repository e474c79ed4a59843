// JPEG XL files of any kind, made for tests by libjxl.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <jxl/encode.h>

namespace thumbmill {

struct MadeJxl {
  std::uint32_t width = 64;
  std::uint32_t height = 48;
  std::uint32_t colors = 3;  ///< 1 or 3
  bool has_alpha = false;
  bool premultiplied = false;  ///< lossless RGB of 8 bits, sides of up to 256 in eights
  bool has_black = false;      ///< one more channel, for CMYK
  std::uint32_t bits = 8;      ///< 8, 16, or 32 for floating point
  int orientation = 1;         ///< as EXIF
  bool lossless = true;
  bool container = false;
  bool progressive = false;                  ///< with several passes
  bool center_first = false;                 ///< groups from the middle on
  std::uint32_t frame_side = 0;              ///< of the only frame, if it is not the picture's size
  int frames = 1;                            ///< more: an animation; all but the first are white
  std::optional<JxlColorEncoding> encoding;  ///< sRGB without
  std::string profile;                       ///< ICC, instead
  /// 0 to 1; alpha is channel `colors`.
  std::function<double(std::size_t channel, std::uint32_t x, std::uint32_t y)> sample;
};

std::string encode(const MadeJxl& made);

}  // namespace thumbmill
