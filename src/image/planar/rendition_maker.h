// From a decoded picture to renditions: render, convert, place, encode, and the facts that are kept
// of each. PlanarThumbnailer calls it behind each format's decoder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/planar/color.h"
#include "image/planar/encoder.h"
#include "image/planar/picture.h"
#include "image/thumbnailer.h"

namespace thumbmill::planar {

/// A source, decoded.
struct Decoded {
  Picture picture;      ///< possibly reduced
  SizePx size;          ///< upright, before any reduction
  std::string profile;  ///< ICC; empty for sRGB
};

/// ok when `encoders` has a row for the format of every rendition, else unsupported.
Status check_formats(const std::vector<RenditionSpec>& specs,
                     const std::vector<FormatEncoder>& encoders);

/// Asks `request.admit` for about the most that a source of size `upright` takes: `decoding_bytes`,
/// what make_renditions() needs besides, and what any image does.
Status ask_for_memory(const ThumbnailRequest& request, SizePx upright,
                      std::uint64_t decoding_bytes);

/// Makes `specs`, for which check_formats() holds, in their order; the smaller ones from the larger
/// ones where these are large enough. internal when one cannot be encoded. May throw bad_alloc.
Result<Thumbnails> make_renditions(Decoded decoded, const std::vector<RenditionSpec>& specs,
                                   const std::vector<FormatEncoder>& encoders,
                                   ProfileCache& profiles);

}  // namespace thumbmill::planar
