// What the samples mean that libjxl gives, and which it is asked for.
#pragma once

#include <memory>
#include <string>

#include <jxl/decode.h>

#include "image/planar/row_conversion.h"

namespace thumbmill::jxl {

struct Colors {
  std::string profile;                                ///< ICC; empty for sRGB
  std::unique_ptr<planar::RowConversion> conversion;  ///< before samples have 8 bits; may be null
};

/// At the event JXL_DEC_COLOR_ENCODING. A picture that is stored in XYB can be had in any colours:
/// where its own are only known as a profile, or are linear, sRGB is asked for. PQ, HLG and linear
/// light are converted, for which 8 bits are too few.
Colors choose_colors(JxlDecoder* decoder, const JxlBasicInfo& info);

}  // namespace thumbmill::jxl
