// Decodes a WebP to planes by libwebp. The one place with libwebp's decoder on the way to planes.
//
// libwebp can reduce by itself, but does so sample by sample: to decode at full size and resize the
// planes once, by lanczos, is quicker and sharper. It costs the planes' memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "image/planar/picture.h"
#include "image/webp/container.h"

namespace thumbmill::webp {

/// What is done to the edges of VP8's blocks: its loop filter, or nothing.
enum class BlockEdges { smooth, leave };

/// The canvas with the frame of `container`. A lossy frame that is whole, opaque and covers the
/// canvas as it is coded: YCbCr at 4:2:0 in the video range. Any other in red, green and blue, with
/// alpha where it has some; what the frame does not cover, and rows that it lacks, are clear. No
/// orientation is set.
///
/// Where a lossy one will be reduced by 2 or more, the filter that smooths the edges of blocks may
/// be left out: what it changes is averaged, and nothing else is decoded from it, for it is the
/// last step of a frame's reconstruction (RFC 6386 section 15). Of no effect on a lossless one.
/// corrupt_input: damaged, or without a row. too_large: there is no memory. May throw
/// std::bad_alloc.
Result<planar::Picture> decode(const Container& container, BlockEdges edges);

/// About the most bytes that decode() takes.
std::uint64_t decoding_memory(const Container& container);

}  // namespace thumbmill::webp
