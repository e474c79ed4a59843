// Decodes a JPEG at 1/8, 1/4 or 1/2 by skipping what a thumbnail does not show: the quick way of
// the kernel (what it declines, turbo_decoder.h takes). Baseline, extended and progressive Huffman
// JPEG. At 1/8 a progressive file's AC scans are stepped over byte by byte; above they have to be
// read, of which only the low coefficients are kept.
#pragma once

#include <array>
#include <cstdint>

#include "base/status.h"
#include "image/jpeg/markers.h"
#include "model/limits.h"

namespace thumbmill::jpeg {

/// Samples that a block of each component becomes, across and down: 1, 2 or 4.
using BlockSides = std::array<std::uint32_t, kMaxComponents>;

/// Goes on behind `first`, the first scan header that `markers` gave. A sequential file that is cut
/// off leaves the rest of the picture grey, as in libjpeg; a progressive one that lacks scans,
/// which libjpeg smooths, and any other damage is declined. What is decoded is what libjpeg-turbo
/// reads from the same file, coefficient by coefficient. Memory: the planes, and for a progressive
/// picture 2, 18 or 58 bytes a block by its side; time is bounded by the data's length, and of
/// progressive scans by their number.
/// unsupported: not for us, or does not make sense; others may try. too_large: max-scans.
Result<Picture> skim(MarkerReader& markers, std::string_view file, const Scan& first,
                     const BlockSides& sides, const ImageLimits& limits);

}  // namespace thumbmill::jpeg
