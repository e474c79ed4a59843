// The JPEG XL kernel: a codestream or a container (ISO/IEC 18181-1, -2) to planes, by libjxl 0.7 or
// later in the calling thread. Of an animation the first frame. Extra channels other than alpha are
// left out; with a black one (CMYK) the file is refused. Orientation is the codestream's, which
// counts before any in Exif boxes (18181-2): these are not read.
//
// Always decodes the whole picture. The image of DC coefficients alone, which libjxl can show,
// costs 9 dB at an eighth (43 instead of 53, of a photo), and saves 10 to 45 % of the time.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::jxl {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). A file that is cut off gives what libjxl
/// makes of it, if anything.
Result<planar::Decoded> decode_jxl(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::jxl
