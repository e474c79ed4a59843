// What libjxl takes, and whether it is there: libjxl before 0.11 ends the process when an
// allocation fails, so that it is looked for beforehand. Does not know what a file's inner frames
// are.
#pragma once

#include <cstdint>
#include <string_view>

#include <jxl/codestream_header.h>

#include "image/jxl/frames.h"

namespace thumbmill::jxl {

/// Whether the frame that begins `frames` is an ordinary one in VarDCT, as nearly all with loss are
/// (ISO/IEC 18181-1 annex F.2): its first four bits say so.
bool is_vardct(std::string_view frames);

/// About the most bytes that decoding takes, its rows and planes included. Of a hostile file it may
/// be more, for frames that are not shown may be larger than the picture.
std::uint64_t decoding_memory(const JxlBasicInfo& info, const Frames& frames, bool vardct);

}  // namespace thumbmill::jxl
