// From a decoded picture to renditions: render, convert, place, encode, and the facts that are kept
// of each. What a kernel that decodes to planes does behind its decoder; image/jpeg and image/webp
// use it.
#pragma once

#include <cstdint>
#include <new>
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

/// Asks `request.admit` for about the most that a source of size `upright` takes: `decoding_bytes`,
/// what make_renditions() needs besides, and what any image does.
Status ask_for_memory(const ThumbnailRequest& request, SizePx upright,
                      std::uint64_t decoding_bytes);

/// What `make` gives; too_large when it finds no memory, for the planes of a large picture in a
/// small process.
template <typename Make>
Result<Thumbnails> within_memory(Make make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return Status(Code::too_large, "the image takes more than decoder-memory to decode");
  }
}

/// Makes `specs`, for which check_formats() holds, in their order; the smaller ones from the larger
/// ones where these are large enough. internal when one cannot be encoded. May throw bad_alloc.
Result<Thumbnails> make_renditions(Decoded decoded, const std::vector<RenditionSpec>& specs,
                                   ProfileCache& profiles);

}  // namespace thumbmill::planar
