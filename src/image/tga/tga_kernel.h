// The kernel for Targa files to planes: indices, colours and greys, plain or in run lengths. Alpha
// counts where the header and, if there is one, the extension area say so, but not when it is 0
// everywhere. Gamma and the postage stamp in the extension area are not read.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::tga {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a file that is cut off there are the rows
/// so far.
Result<planar::Decoded> decode_tga(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::tga
