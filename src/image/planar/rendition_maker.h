// From a decoded picture to renditions: render, convert, place, encode, and the facts that are kept
// of each. What a kernel that decodes to planes does behind its decoder; image/jpeg and image/webp
// use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/planar/color.h"
#include "image/planar/picture.h"
#include "image/thumbnailer.h"

namespace thumbmill::planar {

/// A source, decoded.
struct Decoded {
  Picture picture;      ///< possibly reduced
  SizePx size;          ///< upright, before any reduction
  std::string profile;  ///< ICC; empty for sRGB
};

/// ok when all renditions are in formats that are written here (encoder.h), else unsupported.
Status check_formats(const std::vector<RenditionSpec>& specs);

/// About the most bytes that make_renditions() takes for a source of size `upright`, besides
/// the decoded picture.
std::uint64_t rendition_memory(SizePx upright, const std::vector<RenditionSpec>& specs);

/// Makes `specs`, for which check_formats() holds, in their order; the smaller ones from the larger
/// ones where these are large enough. internal when one cannot be encoded. May throw bad_alloc.
Result<Thumbnails> make_renditions(Decoded decoded, const std::vector<RenditionSpec>& specs,
                                   ProfileCache& profiles);

}  // namespace thumbmill::planar
