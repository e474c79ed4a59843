// Decodes a PNG to planes, smaller than it is where that will do, as decoders of JPEG and WebP can
// by themselves: rows are inflated, unfiltered and averaged as they come, and the whole picture
// exists at no time unless it is asked for (its filtered rows do, up to kPngWholeBytes). Internal
// to image/png.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "image/planar/picture.h"
#include "image/png/container.h"
#include "image/png/inflate.h"

namespace thumbmill {

/// The picture of `parts`, each sample standing for `side` x `side` pixels, `side` at least 1;
/// greater than kMostBoxSide counts as that. Grey or rgb, with alpha where the file has it or
/// names a transparent colour; no orientation is set. Nothing for faulty image data: a wrong
/// checksum, too short or too long, indices the palette lacks. Image data that inflates to more
/// than `whole_bytes` is inflated in bands. The caller has compared the size with its limits. May
/// throw std::bad_alloc. Thread-safe; the time is bounded by the size in the header.
std::optional<planar::Picture> read_png(const PngParts& parts, std::size_t side,
                                        std::uint64_t whole_bytes = kPngWholeBytes);

/// About the most bytes that read_png() takes.
std::uint64_t png_memory(const PngParts& parts, std::size_t side);

}  // namespace thumbmill
