// The kernel for portable anymaps (PBM, PGM, PPM, PAM) to planes. Of files with several pictures
// the first one counts. Floats (PFM) are not read.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::pnm {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a file that is cut off there are the rows
/// so far.
Result<planar::Decoded> decode_pnm(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::pnm
