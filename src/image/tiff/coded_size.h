// What a segment's own header says: the size that it has, in JPEG and JBIG, and how far back ZSTD
// and LZMA reach. libtiff decodes segments that are larger than their strip, and takes the memory
// for it. Reads headers only.
#pragma once

#include <cstdint>
#include <string_view>

#include "image/tiff/layout.h"
#include "image/tiff/tiff_file.h"

namespace thumbmill::tiff {

/// Samples that `segment`, the bytes of one in the file, has coded, of each component or bit plane;
/// 0 where its format has no size, or none is found.
std::uint64_t coded_samples(struct ::tiff* file, std::uint16_t compression,
                            std::string_view segment);

/// Whether that is more than a segment of `layout` can be, with the blocks that stick out.
bool is_oversized(std::uint64_t samples, const Layout& layout);

/// Bytes that decoding keeps of what it has decoded, so that later bytes can refer to them: of the
/// segments of `layout` the most; 0 without such a compression. libtiff takes them for each handle,
/// however small the segments are.
std::uint64_t most_window_bytes(struct ::tiff* file, std::string_view bytes, const Layout& layout);

}  // namespace thumbmill::tiff
