// The kernel for Photoshop files (PSD, PSB) to planes: the merged picture, which Photoshop writes
// for programs that do not read layers. CMYK goes on as inks. Of duotones and of pictures of many
// channels the first channel is shown, in grey.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::psd {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a file that is cut off there are the rows
/// that all channels have.
Result<planar::Decoded> decode_psd(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::psd
