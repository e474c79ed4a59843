// Decodes with libjpeg-turbo, to planes: what skim_decoder.h declines, and pictures that are needed
// at a larger scale than it makes. The one place with libjpeg's error handling on the way in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "image/jpeg/markers.h"

namespace thumbmill::jpeg {

/// What libjpeg makes of the header.
struct TurboHeader {
  SizePx size;  ///< as stored
  std::size_t components = 0;
  bool keeps_coefficients = false;  ///< of all the picture, until its last scan
  int orientation = 1;              ///< EXIF 2.3, tag 274
  std::string profile;              ///< ICC; empty when there is none
};

/// unsupported, corrupt_input.
Result<TurboHeader> read_turbo_header(std::string_view file);

/// The planes at `side`/8, side being 1, 2, 4 or 8; chroma may come out larger, as libjpeg has it.
/// Of 4 components, CMYK or YCCK, four planes of ink: files hold what is left of the paper's white,
/// 255 for no ink, as Adobe began it, and readers (Chromium, Firefox, libvips, Pillow) take it so
/// with Adobe's segment and without. No orientation is set. A truncated file gives what there is,
/// the rest grey; the same for other damage that libjpeg only warns of, however often it warns.
/// unsupported, corrupt_input, and too_large when there is no memory.
Result<Picture> decode_with_turbo(std::string_view file, std::uint32_t side);

}  // namespace thumbmill::jpeg
