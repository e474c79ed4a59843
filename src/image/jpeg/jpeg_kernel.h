// The JPEG kernel: a file to planes. What it is quick by is what it does not do: it decodes no more
// than the renditions show (skim_decoder.h), and keeps the file's YCbCr.
//
// The scale is the smallest of 1/8, 1/4, 1/2 and 1/1 at which the decoded luma has at least twice
// the sides of every rendition, and chroma at least the sides at which it is stored. What the quick
// decoder declines is decoded by libjpeg-turbo: damaged files, CMYK and YCCK among them. A
// truncated file gives what there is of the picture, the rest grey; one without a whole header,
// corrupt_input. No number of warnings is too many; what bounds a damaged file is its length.
//
// It leaves to others, by unsupported: two components, 12 bits, lossless coding.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::jpeg {

/// How many times the sides at which a rendition stores chroma a decoded picture's must have: eyes
/// do not see more. For luma it is kOversampling (image/reduction.h).
inline constexpr double kChromaOversampling = 1.0;

/// A FormatDecoder's `decode` (planar_thumbnailer.h).
Result<planar::Decoded> decode_jpeg(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::jpeg
