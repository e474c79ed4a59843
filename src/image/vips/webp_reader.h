// Decodes a still WebP at a given size, by libwebp itself. Internal to image/vips. libvips' loader
// scales with libwebp as well, but decodes to a picture of its own and hands that on by way of a
// thread and a cache, which costs a small picture a fifth of its time. For whole files without
// animation only: what it declines, vips_webpload gets, so that verdicts and unusual files are
// libvips'.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "image/vips/box_reduce.h"
#include "model/limits.h"
#include "model/rendition.h"

namespace thumbmill {

/// The picture in `file`, scaled by libwebp to `size`: 3 channels, or 4 with alpha that is not
/// premultiplied; 8 bits. Each side of `size` is at least 1 and at most the picture's. Nothing when
/// the file is declined or over max_pixels or max_side_px of `limits`. Thread-safe.
std::optional<ReducedPixels> read_scaled_webp(std::string_view file, SizePx size,
                                              const ImageLimits& limits);

}  // namespace thumbmill
