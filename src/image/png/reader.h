// Decodes a PNG to planes, smaller than it is where that will do, as decoders of JPEG and WebP can
// by themselves: rows are inflated, unfiltered and averaged as they come, and the whole picture
// exists at no time unless it is asked for (its filtered rows do, up to kPngWholeBytes) or
// interlaced. Internal to image/png.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "image/planar/picture.h"
#include "image/planar/row_conversion.h"
#include "image/png/container.h"
#include "image/png/inflate.h"

namespace thumbmill {

/// The picture of `parts`, each sample standing for `side` x `side` pixels, `side` at least 1;
/// greater than kMostBoxSide counts as that. Grey or rgb, with alpha where the file has it or
/// names a transparent colour; no orientation is set. `conversion` may be null; see
/// planar::make_box_reducer().
///
/// Where the image data is damaged or ends too early, the rows from there on are clear, so that an
/// opaque picture gets an alpha channel. Of an interlaced one, pixels of earlier passes fill the
/// place of those that are not there. Nothing when there is no row at all.
///
/// Image data that inflates to more than `whole_bytes` is inflated in bands. The caller has
/// compared the size with its limits. May throw std::bad_alloc. Thread-safe; the time is bounded by
/// the size in the header.
std::optional<planar::Picture> read_png(const PngParts& parts, std::size_t side,
                                        const planar::RowConversion* conversion = nullptr,
                                        std::uint64_t whole_bytes = kPngWholeBytes);

/// About the most bytes that read_png() takes.
std::uint64_t png_memory(const PngParts& parts, std::size_t side);

}  // namespace thumbmill
