// Decodes a PNG smaller than it is, as decoders of JPEG and WebP can by themselves: rows are
// inflated, unfiltered and averaged as they come, and the whole picture exists at no time (its
// filtered rows do, up to kPngWholeBytes). Internal to image/vips.
//
// For plain files without a fault only; what it declines, vips_pngload gets, so that verdicts and
// unusual pictures are libvips'. Declined: interlaced or animated files, unknown critical chunks,
// chunks out of order, wrong checksums, data too short or too long, indices the palette lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "image/vips/box_reduce.h"
#include "image/vips/png_inflate.h"
#include "model/limits.h"

namespace thumbmill {

/// The picture in `file`, each pixel standing for `side` x `side` pixels (BoxReducer says how),
/// `side` at least 1; greater than kMostBoxSide counts as that. Channels and depth are those that
/// vips_pngload gives: 1 grey, 2 grey and alpha, 3 sRGB, 4 with alpha. Nothing when the file is
/// declined, or above max_pixels or max_side_px of `limits`, which are looked at before anything of
/// the picture's size is allocated. Image data that inflates to more than `whole_bytes` is inflated
/// in bands. Thread-safe; the time is bounded by the size in the header, once the file itself has
/// been read through.
std::optional<ReducedPixels> read_reduced_png(std::string_view file, std::size_t side,
                                              const ImageLimits& limits,
                                              std::uint64_t whole_bytes = kPngWholeBytes);

}  // namespace thumbmill
