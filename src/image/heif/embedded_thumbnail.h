// The small copy of a picture that cameras put beside it (a thmb reference, ISO/IEC 23008-12
// section 6.4.4), used in its place where that does not show.
//
// Not every copy is one: some are sharpened, aliased, padded to another aspect, or old. So its
// geometry and colours must be the picture's, it must be kOversampling times as large as what is
// made of it, and it must look like the picture: a few tiles of the picture are decoded and
// compared with it at the size that is wanted. That takes the picture to be in tiles, of which
// those few are a small part; other pictures are decoded.
#pragma once

#include <cstdint>
#include <optional>

#include "image/heif/container.h"
#include "image/heif/still_decoder.h"
#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::heif {

/// How near the copy has to come to the tiles, as the peak signal-to-noise ratio of luma in
/// decibels at the size of the largest rendition. What it differs by then costs a JPEG of quality
/// 80 (34 dB on photos) less than 1 dB.
inline constexpr double kLeastLikeness = 40;

/// The copy in the place of `picture`, decoded and of its size; nothing when there is none that may
/// be used, whatever the reason. Takes at most `most_bytes` of memory. May throw std::bad_alloc.
std::optional<planar::Decoded> decode_embedded_thumbnail(const Container& container,
                                                         const OpenStill& picture,
                                                         const ThumbnailRequest& request,
                                                         std::uint64_t most_bytes);

}  // namespace thumbmill::heif
