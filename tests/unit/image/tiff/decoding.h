// Decodes made TIFFs to planes at full size, for tests that look at samples.
#pragma once

#include <cstdint>
#include <string>

#include "image/tiff/tiff_kernel.h"

namespace thumbmill::tiff {

inline ThumbnailRequest request_for(const std::string& file, std::uint32_t side = 4096) {
  ThumbnailRequest request;
  request.source = Blob(file);
  request.format = ImageFormat::tiff;
  request.renditions = {RenditionSpec{.width_px = side, .height_px = side}};
  return request;
}

inline Result<planar::Decoded> decode(const std::string& file) {
  return decode_tiff(file, request_for(file));
}

/// A sample of a decoded picture, 0 to 255; of colours with alpha multiplied by it.
inline int sample_at(const planar::Decoded& decoded, std::uint32_t x, std::uint32_t y,
                     std::size_t plane) {
  return decoded.picture.planes.at(plane).row(y)[x];
}

}  // namespace thumbmill::tiff
